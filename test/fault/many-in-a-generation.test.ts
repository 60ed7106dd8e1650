import { expect, test } from 'vitest'
import type { LocalMessageStore } from '../../src/api/message-store.js'
import { localHost } from '../histories/hosts.js'

// Things that are small in the log and large while they are flushed: by bytes alone a generation of them would take more than
// the flush thread has.
test('a generation ends after so many things that a flush makes objects of, however small they are', async () => {
  const host = await localHost({ tuning: { generationObjects: 10, flushThread: false } })
  const store = (await host.open()) as LocalMessageStore
  const flushes = async (): Promise<number> => {
    await store.admin.checkpoint()
    const { generations } = await store.admin.stats()
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
  // But what they are the first of in a generation counts: conversations …
  for (let i = 0; i < 35; i++) await store.sendMessage({ sender: 'a', receiver: `b${i}`, text: 'x' })
  expect(await flushes()).toBe(before + 10)
  // … of which there may be nothing but marks …
  for (let i = 0; i < 35; i++) await store.markRead(`b${i}`, { peer: 'a' }, 1)
  expect(await flushes()).toBe(before + 14)
  // … and members of groups, of which a first message names all.
  for (let i = 0; i < 5; i++)
    await store.sendMessage({ sender: 'owner', conversationId: `group ${i}`, text: 'x' })
  expect(await flushes()).toBe(before + 19)
  for (let i = 0; i < 5; i++) await store.groups.rename('owner', `group ${i}`, 'another title')
  expect(await flushes()).toBe(before + 24)
  await store.close()
  await host.destroy()
})
