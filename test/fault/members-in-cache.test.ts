import { expect, onTestFinished, test } from 'vitest'
import type { LocalMessageStore } from '../../src/api/message-store.js'
import { cacheOf } from '../fixtures/cache-stats.js'
import { openLocalStore } from '../fixtures/local-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { localHost } from '../histories/hosts.js'
import { ShardEdit } from './verify/shard-edit.js'

// A group of two hundred takes as much as a hundred direct conversations.
test('groups leave memory by what their members take, unless a live generation needs them', async () => {
  const host = await localHost({ settings: { cacheBytes: 256 * 1024, cacheTierSize: 2 } })
  onTestFinished(host.destroy)
  const groups = Array.from({ length: 60 }, (_, i) => `group ${i}`)
  const members = Array.from({ length: 100 }, (_, i) => `member ${i}`)
  const first = await host.open()
  for (const id of groups) await first.groups.create({ creator: 'owner', members, id })
  await first.close()

  const store = (await host.open()) as LocalMessageStore
  onTestFinished(() => store.close())
  for (const [i, id] of groups.entries()) await store.getConversation(`member ${i}`, id)
  const looked = await cacheOf(store)
  expect(looked.bytes).toBeLessThanOrEqual(looked.maxBytes)
  expect(looked.conversations).toBeGreaterThan(5)
  expect(looked.conversations).toBeLessThan(15)

  // All of them are in the generation, and nobody else has to go for that.
  for (const conversationId of groups) await store.sendMessage({ sender: 'owner', conversationId, text: 'x' })
  const sent = await cacheOf(store)
  expect(sent.conversations).toBe(groups.length)
  expect(sent.bytes).toBeLessThanOrEqual(sent.maxBytes)
  await store.admin.checkpoint()
  const flushed = await cacheOf(store)
  expect(flushed.bytes).toBeLessThanOrEqual(flushed.maxBytes)
  expect(flushed.conversations).toBeLessThan(15)
})

test('a small group takes what those take who are in it, not those who were', async () => {
  const host = await localHost({ tuning: { keptMembers: 2 } })
  onTestFinished(host.destroy)
  const visitors = Array.from({ length: 150 }, (_, i) => `visitor ${i}`)
  let store = (await host.open()) as LocalMessageStore
  onTestFinished(() => store.close())
  await store.groups.create({ creator: 'owner', members: ['other'], id: 'desk' })
  await store.groups.addMembers('owner', 'desk', visitors)
  await Promise.all(visitors.map((user) => store.groups.removeMember('owner', 'desk', user)))
  await store.getConversation('owner', 'desk')
  await store.admin.checkpoint()
  // A membership takes 200, the number of what a member wrote 40.
  const few = 5000
  expect((await cacheOf(store)).bytes).toBeLessThan(few)
  await store.close()
  store = (await host.open()) as LocalMessageStore
  for (const user of ['owner', ...visitors.slice(0, 5)]) await store.getMessages(user, 'desk')
  expect((await cacheOf(store)).bytes).toBeLessThan(2 * few)
})

test('who left a small group is not read to send to it: not even a damaged row is in the way', async () => {
  const location = await temporaryDirectory()
  let store = await openLocalStore(location)
  await store.groups.create({ creator: 'owner', members: ['other', 'a', 'b', 'c'], id: 'desk' })
  for (const user of ['a', 'b', 'c']) await store.groups.removeMember('owner', 'desk', user)
  await store.close()
  await ShardEdit.of(location, async (shards) => {
    for (const user of ['a', 'b', 'c'])
      await shards.putRaw(await shards.row('member', 'desk', user), Buffer.from('nonsense'))
  })

  store = await openLocalStore(location)
  await store.sendMessage({ sender: 'other', conversationId: 'desk', text: 'x' })
  expect((await store.groups.members('owner', 'desk')).items.map(({ userId }) => userId)).toEqual([
    'owner',
    'other',
  ])
  await expect(store.getMessages('a', 'desk')).rejects.toMatchObject({ code: 'CORRUPT' })
})

test('however many conversations are live, those who are warm stay so', async () => {
  const host = await localHost({ settings: { cacheBytes: 512 * 1024, cacheTierSize: 2 } })
  onTestFinished(host.destroy)
  const store = (await host.open()) as LocalMessageStore
  onTestFinished(() => store.close())
  for (let i = 0; i < 20; i++) await store.sendMessage({ sender: 'warm', receiver: `peer ${i}`, text: 'x' })
  await store.getConversations('warm')
  // Four times what the cache may hold, each of them needed until its generation is flushed.
  for (let i = 0; i < 4000; i += 100) {
    await Promise.all(
      Array.from({ length: 100 }, (_, k) =>
        store.sendMessage({ sender: `a ${i + k}`, receiver: `b ${i + k}`, text: 'x' }),
      ),
    )
    await store.getConversations('warm')
  }
  const { bytes, maxBytes, conversations, hits, misses } = await cacheOf(store)
  expect(conversations).toBe(4020)
  expect(bytes).toBeLessThanOrEqual(maxBytes)
  expect({ hits, misses }).toEqual({ hits: 40, misses: 1 })
})
