import { expect, test } from 'vitest'
import type { MessageStore } from '../../src/api/message-store.js'
import { localHost } from '../histories/hosts.js'

interface Generations {
  readonly flushes: number
}

// Things that are small in the log and large while they are flushed: by bytes alone a generation of them would take more than
// the flush thread has.
test('a generation ends after so many things that are no messages, however small they are', async () => {
  const host = await localHost({ tuning: { generationObjects: 10, flushThread: false } })
  const store = (await host.open()) as MessageStore
  const flushes = async (): Promise<number> => {
    await store.admin.checkpoint()
    const { generations } = (await store.admin.stats()) as unknown as { readonly generations: Generations }
    return generations.flushes
  }
  for (let i = 0; i < 35; i++) await store.users.register({ id: `user ${i}`, name: 'U' })
  const before = await flushes()
  expect(before).toBe(4)
  // Each member counts as well.
  const members = Array.from({ length: 9 }, (_, i) => `user ${i}`)
  for (let i = 0; i < 5; i++) await store.groups.create({ id: `group ${i}`, creator: 'owner', members })
  expect(await flushes()).toBe(before + 5)
  // Messages are counted in bytes.
  for (let i = 0; i < 35; i++) await store.sendMessage({ sender: 'a', receiver: 'b', text: 'x' })
  expect(await flushes()).toBe(before + 6)
  await store.close()
  await host.destroy()
})
