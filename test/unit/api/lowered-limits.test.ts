import { expect, test } from 'vitest'
import type { MessageStore } from '../../../src/api/message-store.js'
import { openMessageStore } from '../../../src/index.js'
import type { Limits } from '../../../src/limits.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

const KiB = 1024
const large = { sender: 'ann', text: 'x'.repeat(60 * KiB) }
const deep = { sender: 'ann', text: 'deep', attributes: { a: { b: { c: ['d'] } } } }
const heavy = { sender: 'ann', text: 'heavy', attributes: 'y'.repeat(8 * KiB) }
const named = { sender: 'ann', text: 'named', id: 'z'.repeat(200) }
const derived = { ...large, timestamp: 5, deviceId: 'd'.repeat(100) }

const requests = [
  { ...large, receiver: 'bob', id: 'large' },
  { ...deep, receiver: 'bob', id: 'deep' },
  { ...heavy, receiver: 'bob', id: 'heavy' },
  { ...named, receiver: 'bob' },
  { ...derived, receiver: 'bob' },
  { ...large, conversationId: 'group', id: 'large' },
  { ...deep, conversationId: 'group', id: 'deep' },
]

const lowered: Partial<Limits> = {
  textBytes: 16 * KiB,
  attributesBytes: KiB,
  attributesDepth: 2,
  idBytes: 64,
  // Less than one of the messages takes that are there.
  queueBytes: 20 * KiB,
}

async function withLoweredLimits(task: (store: MessageStore) => Promise<void>): Promise<void> {
  const location = await temporaryDirectory()
  const first = await openMessageStore({ location })
  await first.groups.create({ creator: 'ann', members: ['bob'], id: 'group' })
  for (const request of requests) await first.sendMessage(request)
  await first.close()
  const store = await openMessageStore({ location, limits: lowered })
  try {
    await task(store)
  } finally {
    await store.close()
  }
}

test('the repeat of what is stored gets its first receipt, though a lower limit would refuse it today', async () => {
  await withLoweredLimits(async (store) => {
    // Cold, then warm.
    for (const request of [...requests, ...requests])
      await expect(store.sendMessage(request)).resolves.toMatchObject({ duplicate: true })
    const stored = await store.getMessages('bob', { peer: 'ann' })
    expect(stored.items.map(({ seq }) => seq)).toEqual([5, 4, 3, 2, 1])
  })
})

test('the same key with other content is a conflict, and a new key is held to the limits of now', async () => {
  await withLoweredLimits(async (store) => {
    for (let round = 1; round <= 2; round++) {
      const other = store.sendMessage({ ...large, receiver: 'bob', id: 'large', text: 'y'.repeat(30 * KiB) })
      await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
      for (const target of [{ receiver: 'bob' }, { conversationId: 'group' }, { receiver: 'stranger' }]) {
        for (const content of [large, deep, heavy]) {
          const sent = store.sendMessage({ ...content, ...target, id: 'new' })
          await expect(sent).rejects.toMatchObject({ code: 'TOO_LARGE' })
        }
        const sent = store.sendMessage({ ...named, ...target, id: 'w'.repeat(200) })
        await expect(sent).rejects.toMatchObject({
          code: 'INVALID_ARGUMENT',
          details: { field: 'id' },
        })
      }
    }
    const { items } = await store.getConversations('ann')
    expect(items.map(({ peer, headSeq }) => [peer ?? 'group', headSeq])).toEqual([
      ['group', 2],
      ['bob', 5],
    ])
  })
})

test('what no store could have taken, or has no key, is refused as it is, with the limit of this store', async () => {
  await withLoweredLimits(async (store) => {
    for (const request of [
      { sender: 'ann', receiver: 'bob', id: 'new', text: 'x'.repeat(KiB * KiB + 1) },
      { sender: 'ann', receiver: 'bob', text: 'x'.repeat(60 * KiB) },
    ]) {
      await expect(store.sendMessage(request)).rejects.toMatchObject({
        code: 'TOO_LARGE',
        details: { field: 'text', limit: 16 * KiB },
      })
    }
  })
})
