import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LocalMessageStore, MessageStore } from '../../../src/api/message-store.js'
import { resolveLimits } from '../../../src/limits.js'
import { openLocalBackend } from '../../../src/local/open-local-backend.js'
import type { LocalTuning } from '../../../src/local/tuning.js'
import { ManualClock } from '../../../src/model-checking/manual-clock.js'
import type { FileSystem } from '../../../src/platform/file-system.js'
import { nodeFileSystem } from '../../../src/platform/node-file-system.js'
import { systemRandom } from '../../../src/platform/random.js'

/** A new generation every few messages, groups above three members are large, and nothing moves. */
const tuning: Partial<LocalTuning> = {
  fanOut: 3,
  generationBytes: 1024,
  segmentBytes: 8192,
  checkpointBytes: 4096,
  maxWaitingGenerations: 1,
  tidyFiles: Infinity,
}

export async function openSample(
  location: string,
  clock = new ManualClock(),
  otherTuning: Partial<LocalTuning> = {},
  fileSystem: FileSystem = nodeFileSystem,
): Promise<LocalMessageStore> {
  const limits = resolveLimits()
  const settings = {
    location,
    shards: undefined,
    virtualNodes: undefined,
    syncEveryMs: Infinity,
    cacheBytes: 1024 * 1024,
    cacheTierSize: 15,
    limits,
  }
  const world = {
    clock,
    random: systemRandom,
    fileSystem,
    logger: undefined,
    metrics: undefined,
  }
  const backend = await openLocalBackend(settings, world, { tuning: { ...tuning, ...otherTuning } })
  return new MessageStore(backend, { limits, clock, usersMode: 'open' })
}

/** A store with rows in every family, closed. */
export async function makeSample(): Promise<string> {
  const location = await mkdtemp(join(tmpdir(), 'columba-verify-'))
  const store = await openSample(location)
  const write = async (sender: string, receiver: string, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await store.sendMessage({ sender, receiver, text: `${sender} says ${i}` })
  }
  const writeInto = async (sender: string, conversationId: string, count: number): Promise<void> => {
    for (let i = 0; i < count; i++)
      await store.sendMessage({ sender, conversationId, text: `${sender} says ${i}` })
  }
  await store.users.register({ id: 'ann', name: 'Ann', profile: { color: 'red' } })
  await store.contacts.add('ann', 'ben', { alias: 'Benny' })
  await write('ann', 'ben', 14)
  await write('ben', 'ann', 7)
  await store.markRead('ann', { peer: 'ben' }, 16)
  await store.markDelivered('ben', { peer: 'ann' }, 9)
  await write('ann', 'cem', 2)
  await write('ann', 'ann', 3)
  await store.markRead('ann', { peer: 'ann' })
  await store.sendMessage({ sender: 'cem', receiver: 'ben', text: 'x'.repeat(3000) })
  await store.contacts.block('ben', 'cem')
  await store.contacts.block('dan', 'eva')

  await store.groups.create({ id: 'small', creator: 'ann', members: ['ben', 'cem'], title: 'Small' })
  await writeInto('ann', 'small', 5)
  await writeInto('ben', 'small', 4)
  await store.markRead('cem', 'small', 4)
  await store.groups.removeMember('cem', 'small', 'cem')
  await writeInto('ann', 'small', 3)
  await store.groups.addMembers('ann', 'small', ['cem'])
  await writeInto('cem', 'small', 3)
  await store.markRead('ben', 'small')

  await store.groups.create({ id: 'quiet', creator: 'ben', members: ['dan'] })
  await store.groups.create({ id: 'large', creator: 'ann', members: ['ben', 'cem'] })
  await writeInto('ben', 'large', 5)
  await store.groups.addMembers('ann', 'large', ['dan', 'eva'])
  await writeInto('eva', 'large', 12)
  await store.groups.removeMember('ann', 'large', 'ben')
  await writeInto('ann', 'large', 6)
  await store.groups.rename('ann', 'large', 'Large')
  await store.markRead('dan', 'large', 12)
  await write('cem', 'ann', 9)
  await store.close()
  return location
}
