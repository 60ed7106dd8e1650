import { expect, test } from 'vitest'
import { openMessageStore, type MessageStore } from '../../../src/index.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

const records = async (store: MessageStore): Promise<number> =>
  ((await store.admin.stats())['log'] as { readonly records: number }).records

async function filled(store: MessageStore, count: number): Promise<string> {
  let id = ''
  for (let i = 0; i < count; i++) {
    const { conversationId } = await store.sendMessage({ sender: 'ada', receiver: 'bob', text: `${i}` })
    id = conversationId
  }
  return id
}

const standing = async (store: MessageStore, user: string, id: string): Promise<(number | undefined)[]> => {
  const { deliveredSeq, readSeq, unread } = (await store.getConversation(user, id)) ?? {}
  return [deliveredSeq, readSeq, unread]
}

test('calls that wait for one that is being written are one record; what moves nothing is none', async () => {
  const store = await openMessageStore({ location: await temporaryDirectory(), durability: 'os' })
  try {
    const id = await filled(store, 20)
    const before = await records(store)
    await Promise.all(Array.from({ length: 20 }, (_, i) => store.markDelivered('bob', id, i + 1)))
    expect(await standing(store, 'bob', id)).toEqual([20, 0, 20])
    expect((await records(store)) - before).toBe(2)
    await Promise.all([store.markDelivered('bob', id, 20), store.markRead('bob', id, 0)])
    expect((await records(store)) - before).toBe(2)
    // Both sides at once, and lower ones behind higher ones.
    const seqs = [9, 3, 12, 1]
    await Promise.all(seqs.flatMap((seq) => [store.markRead('bob', id, seq), store.markRead('ada', id, seq)]))
    expect(await standing(store, 'bob', id)).toEqual([20, 12, 8])
    expect(await standing(store, 'ada', id)).toEqual([12, 12, 0])
    expect((await records(store)) - before).toBe(6)
  } finally {
    await store.close()
  }
})

test('of the marks of one generation the shards get the last, and the feed one change of each kind', async () => {
  const location = await temporaryDirectory()
  let store = await openMessageStore({ location, durability: 'os' })
  let id = await filled(store, 5)
  const { token } = await store.getChanges('ada')
  for (let seq = 1; seq <= 5; seq++) {
    await store.markDelivered('bob', id, seq)
    if (seq < 5) await store.markRead('bob', id, seq)
  }
  const feed = async (user: string): Promise<unknown[]> => {
    const { changes } = await store.getChanges(user, { since: token })
    return changes.map((change) => [change.kind, (change as { readonly seq?: number }).seq])
  }
  const expected = [
    ['read', 4],
    ['delivered', 5],
  ]
  expect([await feed('ada'), await feed('bob')]).toEqual([expected, expected])
  await store.close()
  store = await openMessageStore({ location, durability: 'os' })
  try {
    expect([await feed('ada'), await feed('bob')]).toEqual([expected, expected])
    expect(await standing(store, 'bob', id)).toEqual([5, 4, 1])
    // Nothing in this generation has named the conversation yet, then a message names it again.
    await store.markRead('bob', id)
    id = await filled(store, 1)
    await store.markDelivered('bob', id, 6)
    expect((await store.admin.verify()).findings).toEqual([])
    expect(await standing(store, 'bob', id)).toEqual([6, 5, 1])
  } finally {
    await store.close()
  }
})

test('marks that were handed over before the store is closed are there when it is opened again', async () => {
  const location = await temporaryDirectory()
  let store = await openMessageStore({ location })
  const id = await filled(store, 3)
  const marked = [1, 2, 3].map((seq) => store.markRead('bob', id, seq))
  const closed = store.close()
  await Promise.all([...marked, closed])
  store = await openMessageStore({ location })
  try {
    expect(await standing(store, 'bob', id)).toEqual([3, 3, 0])
  } finally {
    await store.close()
  }
})
