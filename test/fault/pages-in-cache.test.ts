import { expect, onTestFinished, test } from 'vitest'
import type { LocalMessageStore } from '../../src/api/message-store.js'
import type { Message } from '../../src/model/message.js'
import { cacheOf } from '../fixtures/cache-stats.js'
import { collectGarbage } from '../fixtures/collect-garbage.js'
import { localHost } from '../histories/hosts.js'

// A quarter of the cache is for pages. What is let go of has to be free, though its conversation stays in memory.
test('messages that the cache has let go of are held by nobody', async () => {
  const host = await localHost({ settings: { cacheBytes: 1024 * 1024 } })
  onTestFinished(host.destroy)
  const first = await host.open()
  const peers = Array.from({ length: 60 }, (_, i) => `peer ${i}`)
  for (const peer of peers) {
    const text = peer.padEnd(1000, '.')
    await Promise.all(
      Array.from({ length: 10 }, () => first.sendMessage({ sender: 'reader', receiver: peer, text })),
    )
  }
  await first.close()

  const store = (await host.open()) as LocalMessageStore
  onTestFinished(() => store.close())
  const oldest: WeakRef<Message>[] = []
  for (const peer of peers) {
    const { items } = await store.getMessages('reader', { peer }, { limit: 20 })
    oldest.push(new WeakRef(items.at(-1) as Message))
  }
  expect((await cacheOf(store)).conversations).toBe(peers.length)
  collectGarbage()
  const held = oldest.filter((message) => message.deref() !== undefined).length
  // Ten messages of two bytes a character are 23 KiB, so eleven pages are a quarter of the cache.
  expect(held).toBeGreaterThan(5)
  expect(held).toBeLessThan(15)
})
