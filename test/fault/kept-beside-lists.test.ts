import { expect, test } from 'vitest'
import type { LocalMessageStore } from '../../src/api/message-store.js'
import { cacheOf } from '../fixtures/cache-stats.js'
import { openLocalStore } from '../fixtures/local-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const parts = { settings: { syncEveryMs: Infinity } }

/** A closed store in which ann is in so many groups, with a token of ann's. */
async function withGroups(count: number): Promise<{ location: string; since: string }> {
  const location = await temporaryDirectory()
  const store = await openLocalStore(location, parts)
  for (let i = 0; i < count; i++)
    await store.groups.create({ id: `group ${i}`, creator: 'ben', members: ['ann'] })
  const { token } = await store.getChanges('ann')
  await store.close()
  return { location, since: token }
}

/** A store in which somebody has written to ann in so many conversations. */
async function withUnread(count: number): Promise<LocalMessageStore> {
  const location = await temporaryDirectory()
  const store = await openLocalStore(location, parts)
  const sends = Array.from({ length: count }, (_, i) =>
    store.sendMessage({ sender: `peer ${i}`, receiver: 'ann', text: 'hello' }),
  )
  await Promise.all(sends)
  await store.close()
  return openLocalStore(location, parts)
}

test('all devices of a user that come at once behind an opening are one load of the groups', async () => {
  const { location } = await withGroups(5)
  const store = await openLocalStore(location, parts)
  const { token: since } = await store.getChanges('ann')
  const before = await cacheOf(store)
  const pages = await Promise.all(Array.from({ length: 50 }, () => store.getChanges('ann', { since })))
  expect(pages.every(({ changes }) => changes.length === 0)).toBe(true)
  expect((await cacheOf(store)).rowReads - before.rowReads).toBe(1)
})

test('the groups of a user who follows the feed are in the account of the cache', async () => {
  const { location, since } = await withGroups(100)
  const store = await openLocalStore(location, parts)
  const before = await cacheOf(store)
  await store.getChanges('ann', { since })
  expect((await cacheOf(store)).bytes - before.bytes).toBeGreaterThan(100 * 200)
})

test('what is counted as unread is in the account of the cache, and goes from it when it is read', async () => {
  const store = await withUnread(300)
  await store.getConversations('ann', { limit: 300 })
  const before = await cacheOf(store)
  expect(await store.getUnread('ann')).toEqual({ total: 300, conversations: 300 })
  const counted = await cacheOf(store)
  expect(counted.bytes - before.bytes).toBeGreaterThan(300 * 50)
  for (let i = 0; i < 300; i++) await store.markRead('ann', { peer: `peer ${i}` })
  expect(await store.getUnread('ann')).toEqual({ total: 0, conversations: 0 })
})

test('a message that has only been delivered is no reason to count all unread ones anew', async () => {
  const store = await withUnread(700)
  expect(await store.getUnread('ann')).toEqual({ total: 700, conversations: 700 })
  await store.getConversation('ann', { peer: 'peer 0' })
  await store.markDelivered('ann', { peer: 'peer 0' }, 1)
  const before = await cacheOf(store)
  expect(await store.getUnread('ann')).toEqual({ total: 700, conversations: 700 })
  expect((await cacheOf(store)).rowReads).toBe(before.rowReads)
  await store.markRead('ann', { peer: 'peer 0' }, 1)
  expect(await store.getUnread('ann')).toEqual({ total: 699, conversations: 699 })
})
