import { execFile } from 'node:child_process'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import type { MessageStore } from '../../src/api/message-store.js'
import { isColumbaError } from '../../src/errors.js'
import { openCrashStore, variantNamed } from '../crash/crash-store.js'
import { LoopDisk, whyNoLoopDisk } from '../crash/loop-disk.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const run = promisify(execFile)
const variant = variantNamed('a flush every few messages')

interface Sent {
  readonly acknowledged: Map<string, number>
  readonly unknown: Set<string>
  readonly codes: Set<string>
}

const fresh = (): Sent => ({ acknowledged: new Map(), unknown: new Set(), codes: new Set() })
const request = (id: string) => ({ sender: 'ann', receiver: 'bob', id, text: id.repeat(50) })

/** Sends, eight at a time, until the store refuses, or so many. */
async function sendUntil(store: MessageStore, most: number, sent: Sent): Promise<void> {
  for (let n = 0; n < most && sent.codes.size === 0; n += 8) {
    const from = sent.acknowledged.size
    const ids = Array.from({ length: 8 }, (_, i) => String(from + i))
    const outcomes = await Promise.allSettled(ids.map((id) => store.sendMessage(request(id))))
    for (const [i, outcome] of outcomes.entries()) {
      const id = ids[i] as string
      if (outcome.status === 'fulfilled') sent.acknowledged.set(id, outcome.value.seq)
      else if (!isColumbaError(outcome.reason)) throw outcome.reason
      else {
        sent.codes.add(outcome.reason.code)
        if (outcome.reason.code === 'OUTCOME_UNKNOWN') sent.unknown.add(id)
      }
    }
  }
}

/** The store takes no more and says so, goes on reading, and closes. */
async function checkPoisoned(store: MessageStore, { acknowledged, codes }: Sent): Promise<void> {
  expect([...codes].filter((code) => !['POISONED', 'OUTCOME_UNKNOWN'].includes(code))).toEqual([])
  expect(codes.size).toBeGreaterThan(0)
  await expect(store.sendMessage(request('later'))).rejects.toMatchObject({ code: 'POISONED' })
  const { items } = await store.getMessages('bob', { peer: 'ann' }, { limit: 1 })
  expect(items[0]?.seq).toBe(acknowledged.size)
  // It may say that it could not take its lock away.
  await store.close().catch((error: unknown) => error)
}

/** Everything that was acknowledged is there, once; what was unknown, once or not at all. */
async function checkAll(location: string, { acknowledged, unknown }: Sent): Promise<void> {
  const store = await openCrashStore({ location, variant })
  try {
    for (const [id, seq] of acknowledged)
      expect(await store.sendMessage(request(id))).toMatchObject({ seq, duplicate: true })
    await expect(store.sendMessage({ ...request('0'), text: 'other' })).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    })
    for (const id of unknown) await store.sendMessage(request(id))
    const { items } = await store.getConversations('ann')
    expect(items.map(({ headSeq }) => headSeq)).toEqual([acknowledged.size + unknown.size])
    expect((await store.admin.verify()).findings).toEqual([])
  } finally {
    await store.close()
  }
}

test('the directory of the log is not where it was: the store takes no more, and nothing is lost when it is back', async () => {
  const desk = await temporaryDirectory()
  const location = join(desk, 'store')
  const store = await openCrashStore({ location, variant })
  onTestFinished(() => store.close().catch(() => undefined))
  const sent = fresh()
  await sendUntil(store, 200, sent)
  expect([sent.acknowledged.size, [...sent.codes]]).toEqual([200, []])
  await rename(join(location, 'log'), join(desk, 'aside'))
  await sendUntil(store, 2000, sent)
  await checkPoisoned(store, sent)
  // What that opening leaves in its place is empty, or it could not be put back.
  await expect(openCrashStore({ location, variant })).rejects.toMatchObject({ code: 'CORRUPT' })
  await rename(join(desk, 'aside'), join(location, 'log'))
  await checkAll(location, sent)
})

test('a file system that the system makes read-only while the store is open: it takes no more, and has lost nothing', async ({
  skip,
}) => {
  const reason = await whyNoLoopDisk(await temporaryDirectory())
  skip(reason !== null, reason ?? '')
  const disk = await LoopDisk.create(await temporaryDirectory())
  onTestFinished(() => disk.remove())
  const location = join(disk.mount, 'store')
  const store = await openCrashStore({ location, variant })
  onTestFinished(() => store.close().catch(() => undefined))
  const sent = fresh()
  await sendUntil(store, 200, sent)
  expect([sent.acknowledged.size, [...sent.codes]]).toEqual([200, []])
  // What ext4 does by itself when it meets an error of the disk; a remount is refused while files are open for writing.
  await run('mount', ['-o', 'remount,abort', disk.mount])
  await sendUntil(store, 2000, sent)
  await checkPoisoned(store, sent)
  await expect(openCrashStore({ location, variant })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await disk.restart()
  await checkAll(location, sent)
})
