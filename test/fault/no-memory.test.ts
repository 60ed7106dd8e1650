import { expect, test, vi } from 'vitest'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { openLocalStore } from '../fixtures/local-store.js'

// A record of so many members is larger than a piece of the log's memory, so that another one is wanted for it.
const local = { tuning: { chunkBytes: 64 * 1024 } }
const members = Array.from({ length: 600 }, (_, i) => `${i}`.padStart(200, 'm'))

/** Rejects as the system does when there is no memory for what `call` wants to write. */
async function withoutMemory(call: () => Promise<unknown>): Promise<void> {
  const refuse = (): never => {
    throw new RangeError('Array buffer allocation failed')
  }
  vi.stubGlobal('SharedArrayBuffer', new Proxy(SharedArrayBuffer, { construct: refuse }))
  try {
    await expect(call()).rejects.toThrow('Array buffer allocation failed')
  } finally {
    vi.unstubAllGlobals()
  }
}

test('a group for whose record there was no room was not made, and can be made then', async () => {
  const location = await temporaryDirectory()
  const store = await openLocalStore(location, { local })
  const group = { id: 'all', creator: 'ann', members }
  await withoutMemory(() => store.groups.create(group))
  await expect(
    store.sendMessage({ sender: 'ann', conversationId: 'all', text: 'hello' }),
  ).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
  await store.groups.create(group)
  await store.close()

  const again = await openLocalStore(location, { local })
  expect((await again.getConversation('ann', 'all'))?.memberCount).toBe(601)
})

test('members for whose record there was no room are not counted', async () => {
  const location = await temporaryDirectory()
  const store = await openLocalStore(location, { local })
  await store.groups.create({ id: 'all', creator: 'ann', members: ['ben'] })
  await withoutMemory(() => store.groups.addMembers('ann', 'all', members))
  expect((await store.groups.rename('ann', 'all', 'All')).memberCount).toBe(2)
  expect((await store.groups.addMembers('ann', 'all', members)).memberCount).toBe(602)
  expect((await store.admin.verify()).findings).toEqual([])
})
