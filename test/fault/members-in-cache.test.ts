import { expect, onTestFinished, test } from 'vitest'
import type { MessageStore } from '../../src/api/message-store.js'
import { cacheOf } from '../fixtures/cache-stats.js'
import { localHost } from '../histories/hosts.js'

// A group of two hundred takes as much as a hundred direct conversations.
test('groups leave memory by what their members take, unless a live generation needs them', async () => {
  const host = await localHost({ settings: { cacheBytes: 256 * 1024, cacheTierSize: 2 } })
  onTestFinished(host.destroy)
  const groups = Array.from({ length: 60 }, (_, i) => `group ${i}`)
  const members = Array.from({ length: 100 }, (_, i) => `member ${i}`)
  const first = await host.open()
  for (const id of groups) await first.groups.create({ creator: 'owner', members, id })
  await first.close()

  const store = (await host.open()) as MessageStore
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

test('however many conversations are live, those who are warm stay so', async () => {
  const host = await localHost({ settings: { cacheBytes: 512 * 1024, cacheTierSize: 2 } })
  onTestFinished(host.destroy)
  const store = (await host.open()) as MessageStore
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
