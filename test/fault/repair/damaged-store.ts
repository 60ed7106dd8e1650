import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { repairStore, type RepairReport } from '../../../src/local/offline-repair/repair-store.js'
import type { MessageStore } from '../../../src/api/message-store.js'
import { dumpStore } from '../../../src/model-checking/dump-store.js'
import { ManualClock } from '../../../src/model-checking/manual-clock.js'
import type { FileSystem } from '../../../src/platform/file-system.js'
import { nodeFileSystem } from '../../../src/platform/node-file-system.js'
import { systemProcess, type ProcessIdentity } from '../../../src/platform/process-identity.js'
import { systemRandom } from '../../../src/platform/random.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
import { openSample } from '../verify/sample-store.js'

const users = ['ann', 'ben', 'cem', 'dan', 'eva']

/** Repairs as the command does, with everything as small as in the sample. */
export function repair(
  location: string,
  fileSystem: FileSystem = nodeFileSystem,
  process: ProcessIdentity = systemProcess,
): Promise<RepairReport> {
  const world = {
    clock: new ManualClock(),
    random: systemRandom,
    fileSystem,
    logger: undefined,
    metrics: undefined,
  }
  return repairStore(location, world, { process, tuning: { fanOut: 3, generationBytes: 1024 } })
}

/** What users see of a store that verifies without findings. */
export async function seenIn(location: string): Promise<unknown> {
  const store = await openSample(location)
  try {
    expect((await store.admin.verify()).findings).toEqual([])
    const profile = await store.users.get('ann').catch(() => null)
    return { profile, seen: await dumpStore(store, users) }
  } finally {
    await store.close()
  }
}

export async function copyOf(sample: string): Promise<string> {
  const location = await temporaryDirectory()
  await cp(sample, location, { recursive: true })
  return location
}

/** A copy of a store as it would be had its process been killed now; the store itself is closed. */
export async function killed(store: Pick<MessageStore, 'close'>, location: string): Promise<string> {
  const copy = await copyOf(location)
  await store.close()
  await rm(join(copy, 'LOCK.json'), { force: true })
  return copy
}

/** Damages a copy, repairs it, and returns the report and what users see. */
export async function afterDamage(
  sample: string,
  damage: (location: string) => Promise<unknown>,
): Promise<{ location: string; report: RepairReport; seen: unknown }> {
  const location = await copyOf(sample)
  await damage(location)
  const report = await repair(location)
  return { location, report, seen: await seenIn(location) }
}

export async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path)
  bytes[at] = (bytes[at] as number) ^ 0x55
  await writeFile(path, bytes)
}

export async function tablesOf(location: string, shard: string): Promise<string[]> {
  return (await readdir(join(location, 'shards', shard))).filter((name) => name.endsWith('.ldb'))
}

interface SeenMessage {
  readonly conversationId: string
  readonly seq: number
  readonly sender: string
  readonly text: string
  readonly attributes?: unknown
}

/** All messages that anybody sees, by conversation and number; each as the first who sees it does. */
export function messagesOf(seen: unknown): Map<string, SeenMessage> {
  const all = new Map<string, SeenMessage>()
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const one of value) visit(one)
    else if (typeof value === 'object' && value !== null) {
      if ('seq' in value && 'text' in value && 'conversationId' in value) {
        const message = value as SeenMessage
        all.set(`${message.conversationId} ${message.seq}`, message)
      } else for (const one of Object.values(value)) visit(one)
    }
  }
  visit(seen)
  return all
}

/** Whether this stands in the place of a message that is gone. */
export function isLost(message: SeenMessage | undefined): boolean {
  return JSON.stringify(message?.attributes) === '{"columba":{"lost":true}}' && message?.text === ''
}
