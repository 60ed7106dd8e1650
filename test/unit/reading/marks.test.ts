import { expect, test, vi } from 'vitest'
import { openMessageStore, type LocalMessageStore } from '../../../src/index.js'
import { Lists } from '../../../src/local/lists.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

const records = async (store: LocalMessageStore): Promise<number> => (await store.admin.stats()).log.records

async function filled(store: LocalMessageStore, count: number): Promise<string> {
  let id = ''
  for (let i = 0; i < count; i++) {
    const { conversationId } = await store.sendMessage({ sender: 'ada', receiver: 'bob', text: `${i}` })
    id = conversationId
  }
  return id
}

const standing = async (
  store: LocalMessageStore,
  user: string,
  id: string,
): Promise<(number | undefined)[]> => {
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

test('what is unread in all is right after each mark, and is not counted anew for it', async () => {
  const location = await temporaryDirectory()
  let store = await openMessageStore({ location, durability: 'os' })
  const peers = Array.from({ length: 30 }, (_, n) => `peer ${n}`)
  await Promise.all(peers.map((sender) => store.sendMessage({ sender, receiver: 'ada', text: 'hello' })))
  await store.groups.create({ creator: 'bob', members: ['ada', 'eve'], id: 'team' })
  for (let i = 0; i < 9; i++) {
    const [sender, receiver] = i % 3 === 1 ? (['ada', 'bob'] as const) : (['bob', 'ada'] as const)
    await store.sendMessage({ sender, receiver, text: `${i}` })
    await store.sendMessage({ sender, conversationId: 'team', text: `${i}` })
    await store.sendMessage({ sender: 'ada', receiver: 'ada', text: `note ${i}` })
  }
  await store.groups.removeMember('bob', 'team', 'ada')
  await store.groups.addMembers('bob', 'team', ['ada'])
  for (let i = 0; i < 4; i++)
    await store.sendMessage({ sender: i === 1 ? 'ada' : 'eve', conversationId: 'team', text: `${i}` })
  await store.close()
  store = await openMessageStore({ location, durability: 'os' })
  try {
    const bob = (await store.getConversation('ada', { peer: 'bob' }))?.id as string
    const notes = (await store.getConversation('ada', { peer: 'ada' }))?.id as string
    const total = async (): Promise<number> => (await store.getUnread('ada')).total
    // 6 of 9, 3 of 4, and none of the notes.
    expect(await total()).toBe(30 + 6 + 3)
    await store.getConversation('ada', 'team')
    const walks = vi.spyOn(Lists.prototype, 'recent')
    const steps = [
      [bob, 1, 38],
      [bob, 2, 38],
      [notes, 3, 38],
      ['team', 3, 38],
      [bob, 4, 36],
      ['team', 10, 35],
      ['team', 11, 35],
      ['team', 12, 34],
    ] as const
    for (const [conversation, seq, left] of steps) {
      await store.markRead('ada', conversation, seq)
      expect([conversation, seq, await total()]).toEqual([conversation, seq, left])
    }
    await store.sendMessage({ sender: 'bob', receiver: 'ada', text: 'more' })
    await store.markRead('ada', bob, 5)
    await store.markDelivered('ada', bob, 10)
    expect(await total()).toBe(35)
    expect(walks).not.toHaveBeenCalled()
  } finally {
    await store.close()
  }
})
