import { execFileSync } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { isColumbaError } from '../../src/errors.js'
import { openCrashStore } from '../crash/crash-store.js'
import type { CrashVariant } from '../crash/crash-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const KiB = 1024

/** Null if there is a disk of this size at the path now; else why not. */
function mountSmallDisk(path: string, size: string): string | null {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], { stdio: 'pipe' })
  } catch (error) {
    return `no tmpfs can be mounted: ${String(error).trim().replaceAll('\n', '; ')}`
  }
  onTestFinished(() => void execFileSync('umount', ['-l', path]))
  return null
}

const small: CrashVariant = {
  name: 'small',
  settings: { shards: 2 },
  tuning: {
    generationBytes: 16 * KiB,
    segmentBytes: 64 * KiB,
    chunkBytes: 64 * KiB,
    checkpointBytes: 64 * KiB,
    writeBufferBytes: 64 * KiB,
  },
}

const request = (n: number) => ({
  sender: 'ann',
  receiver: 'bob',
  id: String(n),
  text: `${n} `.padEnd(900, '-'),
})

test('a disk that fills up: a defined outcome for each call, and all that was acknowledged when there is room', async ({
  skip,
}) => {
  const location = await temporaryDirectory()
  const reason = mountSmallDisk(location, '2m')
  skip(reason !== null, reason ?? '')
  const ballast = join(location, 'ballast')
  const variant = small
  const first = await openCrashStore({ location: join(location, 'store'), variant })
  await writeFile(ballast, Buffer.alloc(700 * KiB))
  const acknowledged = new Map<string, number>()
  const codes = new Set<string>()
  const unknown = new Set<string>()
  for (let n = 0; codes.size === 0 && n < 10_000; n += 8) {
    const sends = Array.from({ length: 8 }, (_, i) => request(n + i))
    const outcomes = await Promise.allSettled(sends.map((send) => first.sendMessage(send)))
    for (const [i, outcome] of outcomes.entries()) {
      const { id } = sends[i]!
      if (outcome.status === 'fulfilled') acknowledged.set(id, outcome.value.seq)
      else if (!isColumbaError(outcome.reason)) throw outcome.reason
      else {
        codes.add(outcome.reason.code)
        if (outcome.reason.code === 'OUTCOME_UNKNOWN') unknown.add(id)
      }
    }
  }
  expect([...codes].filter((code) => !['NO_SPACE', 'POISONED', 'OUTCOME_UNKNOWN'].includes(code))).toEqual([])
  expect(codes.size).toBeGreaterThan(0)
  // Reading goes on.
  expect((await first.getMessages('bob', { peer: 'ann' }, { limit: 1 })).items[0]?.seq).toBe(
    acknowledged.size,
  )
  await expect(first.sendMessage(request(20_000))).rejects.toMatchObject({ code: 'POISONED' })
  await first.close()

  await rm(ballast)
  const store = await openCrashStore({ location: join(location, 'store'), variant })
  for (const [id, seq] of acknowledged) {
    expect(await store.sendMessage(request(Number(id)))).toMatchObject({ seq, duplicate: true })
  }
  for (const id of unknown) await store.sendMessage(request(Number(id)))
  for (const id of unknown)
    expect(await store.sendMessage(request(Number(id)))).toMatchObject({ duplicate: true })
  const conversation = await store.getConversation('bob', { peer: 'ann' })
  expect(conversation?.headSeq).toBe(acknowledged.size + unknown.size)
  expect(await store.admin.verify()).toMatchObject({ ok: true })
  await store.close()
})

test('a disk that is full when the store is opened says NO_SPACE, and nothing is lost by that', async ({
  skip,
}) => {
  const location = await temporaryDirectory()
  const reason = mountSmallDisk(location, '2m')
  skip(reason !== null, reason ?? '')
  const options = { location: join(location, 'store'), variant: small }
  const first = await openCrashStore(options)
  for (let n = 0; n < 20; n++) await first.sendMessage(request(n))
  await first.close()
  const ballast = join(location, 'ballast')
  await writeFile(ballast, Buffer.alloc(4096 * KiB)).catch(() => undefined)
  await expect(openCrashStore(options)).rejects.toMatchObject({ code: 'NO_SPACE' })
  await rm(ballast)
  const store = await openCrashStore(options)
  expect((await store.getConversation('bob', { peer: 'ann' }))?.headSeq).toBe(20)
  await store.close()
})
