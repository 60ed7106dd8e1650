import { expect, test } from 'vitest'
import { openMessageStore } from '../../../src/index.js'
import { cacheOf } from '../../fixtures/cache-stats.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

const conversations = 30
const text = 'x'.repeat(10_000)

test('blocks that were read last are kept, up to two MiB, round after round', async () => {
  const location = await temporaryDirectory()
  let store = await openMessageStore({ location, durability: 'os' })
  for (let i = 0; i < conversations; i++)
    for (let n = 0; n < 10; n++) await store.sendMessage({ sender: 'ann', receiver: `user ${i}`, text })
  await store.close()
  // Pages do not stay, so that what is read again comes from a block.
  store = await openMessageStore({ location, durability: 'os', cache: { maxBytes: 0 } })
  try {
    const readsOf = async (i: number): Promise<number> => {
      const before = (await cacheOf(store)).rowReads
      const { items } = await store.getMessages(`user ${i}`, { peer: 'ann' })
      expect(items.map((message) => message.text)).toEqual(Array.from({ length: 10 }, () => text))
      return (await cacheOf(store)).rowReads - before
    }
    const fresh = await readsOf(0)
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < conversations; i++) await readsOf(i)
      for (const kept of [12, 20, 29]) expect(await readsOf(kept)).toBeLessThan(fresh)
      for (const gone of [0, 5]) expect(await readsOf(gone)).toBe(fresh)
    }
  } finally {
    await store.close()
  }
})
