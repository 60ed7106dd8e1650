import { expect, onTestFinished, test } from 'vitest'
import type { MessageStore } from '../../src/api/message-store.js'
import { localHost } from '../histories/hosts.js'

interface Cache {
  readonly bytes: number
  readonly maxBytes: number
  readonly conversations: number
}

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
  const cache = async () => ((await store.admin.stats()) as unknown as { readonly cache: Cache }).cache
  for (const [i, id] of groups.entries()) await store.getConversation(`member ${i}`, id)
  const looked = await cache()
  expect(looked.bytes).toBeLessThanOrEqual(looked.maxBytes)
  expect(looked.conversations).toBeGreaterThan(5)
  expect(looked.conversations).toBeLessThan(15)

  // All of them are in the generation, and nobody else has to go for that.
  for (const conversationId of groups) await store.sendMessage({ sender: 'owner', conversationId, text: 'x' })
  const sent = await cache()
  expect(sent.conversations).toBe(groups.length)
  expect(sent.bytes).toBeLessThanOrEqual(sent.maxBytes)
  await store.admin.checkpoint()
  const flushed = await cache()
  expect(flushed.bytes).toBeLessThanOrEqual(flushed.maxBytes)
  expect(flushed.conversations).toBeLessThan(15)
})
