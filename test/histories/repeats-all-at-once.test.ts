import { expect, onTestFinished, test } from 'vitest'
import type { LocalMessageStore } from '../../src/api/message-store.js'
import type { CheckedStore } from '../../src/model-checking/store-under-test.js'
import { systemClock } from '../../src/platform/clock.js'
import { cacheOf } from '../fixtures/cache-stats.js'
import { closeGate, gatedShards, openGate } from '../fixtures/gated-shards.js'
import { localHost } from './hosts.js'

async function crowd(store: CheckedStore): Promise<void> {
  for (let i = 0; i < 400; i++) await store.getConversations(`nobody ${i}`)
  for (let i = 0; i < 20; i++) await systemClock.yield()
}

// One after the other nobody leaves memory while a repeat is looked for; all at once they do.
test.each(['one after the other', 'all at once'])(
  'conversations of repeats leave memory when others come: %s',
  async (how) => {
    const gate = openGate()
    const host = await localHost(
      { settings: { cacheBytes: 64 * 1024, cacheTierSize: 2 }, tuning: { readsNow: false } },
      { opener: gatedShards(gate) },
    )
    onTestFinished(host.destroy)
    const first = await host.open()
    const sends = Array.from({ length: 1000 }, (_, i) => ({
      sender: `s ${i}`,
      receiver: `r ${i}`,
      text: 'x',
      id: `id ${i}`,
    }))
    for (const send of sends) await first.sendMessage(send)
    await first.close()

    const store = await host.open()
    onTestFinished(() => store.close())
    if (how === 'one after the other') for (const send of sends) await store.sendMessage(send)
    else {
      const { read, open } = closeGate(gate)
      gate.at = 'ranges'
      const repeats = sends.map((send) => store.sendMessage(send))
      await read
      gate.at = 'nothing'
      await crowd(store)
      open()
      for (const repeat of repeats) expect(await repeat).toMatchObject({ duplicate: true })
    }
    await crowd(store)
    const cache = await cacheOf(store as LocalMessageStore)
    expect(cache.bytes).toBeLessThanOrEqual(cache.maxBytes)
    expect(cache.conversations).toBe(0)
  },
)
