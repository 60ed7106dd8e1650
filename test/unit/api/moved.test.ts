import { assert, asyncProperty, integer } from 'fast-check'
import { expect, test } from 'vitest'
import { EventualBackend } from '../../../src/backend/reference/eventual-backend.js'
import { EventualCluster } from '../../../src/backend/reference/eventual-cluster.js'
import { referenceStore } from '../../fixtures/reference-store.js'

// Over a backend whose writes may move, decisions are made again until one holds.

test('sends are numbered in the order of the calls', async () => {
  await assert(
    asyncProperty(integer(), async (seed) => {
      const backend = new EventualBackend({ seed, moved: 0.5 })
      const store = referenceStore({ backend })
      const sent = Array.from({ length: 12 }, (_, index) =>
        store.sendMessage({
          sender: index % 2 === 0 ? 'a' : 'b',
          receiver: index % 2 === 0 ? 'b' : 'a',
          text: 'x',
        }),
      )
      expect((await Promise.all(sent)).map(({ seq }) => seq)).toEqual(sent.map((_, index) => index + 1))
    }),
    { numRuns: 10 },
  )
})

test('two servers store each message once', async () => {
  await assert(
    asyncProperty(integer(), async (seed) => {
      const cluster = new EventualCluster({ seed, moved: 0.3 })
      const backends = [new EventualBackend(cluster), new EventualBackend(cluster)]
      const stores = backends.map((backend) => referenceStore({ backend }))
      const sent = Array.from({ length: 8 }, (_, index) =>
        stores.map((store) =>
          store.sendMessage({ sender: 'a', receiver: 'b', text: `${index}`, id: `m${index}` }),
        ),
      ).flat()
      const receipts = await Promise.all(sent)
      await Promise.all(backends.map((backend) => backend.settle()))
      expect(receipts.filter(({ duplicate }) => !duplicate)).toHaveLength(8)
      expect(new Set(receipts.map(({ seq, messageId }) => `${seq} ${messageId}`)).size).toBe(8)
      for (const store of stores) {
        expect((await store.getMessages('b', { peer: 'a' })).items).toHaveLength(8)
        expect(await store.getUnread('b')).toEqual({ total: 8, conversations: 1 })
      }
    }),
    { numRuns: 10 },
  )
})

test('marks and lists are those of the reference', async () => {
  const backend = new EventualBackend({ seed: 7 })
  const store = referenceStore({ backend })
  const { id } = await store.groups.create({ creator: 'a', members: ['b'], title: 'g' })
  for (const peer of ['x', 'y', 'z']) {
    await store.sendMessage({ sender: peer, receiver: 'a', text: 'hello' })
    // Each user has an order of its own: that of arrival.
    await backend.settle()
  }
  await store.sendMessage({ sender: 'b', conversationId: id, text: 'hello' })
  await backend.settle()
  await Promise.all([
    store.markRead('a', id),
    store.markRead('a', { peer: 'x' }),
    store.markRead('a', { peer: 'x' }),
  ])
  await backend.settle()
  const page = await store.getConversations('a', { limit: 2 })
  const rest = await store.getConversations('a', { limit: 2, cursor: page.next ?? '' })
  expect([...page.items, ...rest.items].map(({ peer, title }) => peer ?? title)).toEqual(['g', 'z', 'y', 'x'])
  expect(rest.next).toBeNull()
  expect(await store.getUnread('a')).toEqual({ total: 2, conversations: 2 })
  const unread = await store.getConversations('a', { unreadOnly: true, since: 0 })
  expect(unread.items.map(({ peer }) => peer)).toEqual(['z', 'y'])
})
