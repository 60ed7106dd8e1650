import { expect, test } from 'vitest'
import { openMessageStore } from '../../../src/index.js'
import { cacheOf } from '../../fixtures/cache-stats.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
import { localHost } from '../../histories/hosts.js'

test('a page that was read before is read from memory, with what came since, and so are marks', async () => {
  const location = await temporaryDirectory()
  let store = await openMessageStore({ location, durability: 'os' })
  await store.groups.create({ creator: 'ada', members: ['bob'], id: 'team' })
  const { conversationId } = await store.sendMessage({ sender: 'ada', receiver: 'bob', text: 'first' })
  await store.sendMessage({ sender: 'ada', conversationId: 'team', text: 'first' })
  await store.close()
  store = await openMessageStore({ location, durability: 'os' })
  const reads = async () => (await cacheOf(store)).rowReads
  try {
    for (const id of [conversationId, 'team']) {
      const first = await store.getMessages('bob', id)
      // Sending looks up whether it is a repeat.
      await store.sendMessage({ sender: 'ada', conversationId: id, text: 'second' })
      const before = await reads()
      expect(await store.getMessages('bob', id)).not.toBe(first)
      await store.markDelivered('bob', id, 1)
      await store.markRead('bob', id)
      await store.sendMessage({ sender: 'ada', conversationId: id, text: 'third' })
      const page = await store.getMessages('bob', id)
      expect(page.items.map(({ text }) => text)).toEqual(['third', 'second', 'first'])
      expect(await store.getMessages('bob', id)).toBe(page)
      expect(await store.getConversation('bob', id)).toMatchObject({ unread: 1, readSeq: 2, deliveredSeq: 2 })
      expect(await reads()).toBe(before)
    }
  } finally {
    await store.close()
  }
})

test('what was looked at before the list was loaded has its place in the list, whatever happens to it meanwhile', async () => {
  const host = await localHost({ tuning: { fanOut: 3 } })
  let store = await host.open()
  const list = async (user: string) => (await store.getConversations(user)).items.map(({ id }) => id)
  try {
    const sent = await store.sendMessage({ sender: 'ada', receiver: 'bob', text: 'hello' })
    for (const id of ['small', 'grows', 'left', 'back']) {
      await store.groups.create({ creator: 'ada', members: ['bob'], id })
      await store.sendMessage({ sender: 'bob', conversationId: id, text: 'here' })
    }
    await store.groups.removeMember('bob', 'back', 'bob')
    for (const checkpoint of [true, false]) {
      await store.close()
      store = await host.open()
      const direct = sent.conversationId
      for (const id of [direct, 'small', 'grows', 'left', 'back']) await store.getMessages('bob', id)
      if (checkpoint) await store.admin.checkpoint()
      await store.sendMessage({ sender: 'ada', conversationId: 'small', text: 'news' })
      if (!checkpoint) {
        await store.groups.addMembers('ada', 'grows', ['cleo', 'dan'])
        await store.groups.removeMember('bob', 'left', 'bob')
        await store.groups.addMembers('ada', 'back', ['bob'])
      }
      await store.sendMessage({ sender: 'ada', conversationId: 'grows', text: 'large now' })
      await store.sendMessage({ sender: 'ada', receiver: 'bob', text: 'on top' })
      const expected = checkpoint
        ? [direct, 'grows', 'small', 'left', 'back']
        : [direct, 'grows', 'back', 'small', 'left']
      expect((await list('bob')).toSorted()).toEqual(expected.toSorted())
      // One who left stays where the last visible message stood.
      expect(await list('bob')).toEqual(checkpoint ? [direct, 'grows', 'small', 'back', 'left'] : expected)
      expect(await store.getUnread('bob')).toEqual(
        checkpoint ? { total: 4, conversations: 3 } : { total: 7, conversations: 3 },
      )
    }
    expect(await store.getConversation('bob', 'left')).toMatchObject({ left: true, unread: 0 })
  } finally {
    await store.close()
    await host.destroy()
  }
})

test('what was looked at far down the list comes to the top of it with its next message', async () => {
  const host = await localHost({ settings: { cacheTierSize: 2 } })
  let store = await host.open()
  try {
    const peers = Array.from({ length: 9 }, (_, i) => `peer ${i}`)
    for (const peer of peers) await store.sendMessage({ sender: peer, receiver: 'ada', text: 'hello' })
    await store.close()
    store = await host.open()
    const top = async () => (await store.getConversations('ada', { limit: 2 })).items.map(({ peer }) => peer)
    expect(await top()).toEqual(['peer 8', 'peer 7'])
    expect((await store.getMessages('ada', { peer: 'peer 0' })).items).toHaveLength(1)
    await store.sendMessage({ sender: 'peer 0', receiver: 'ada', text: 'again' })
    expect(await top()).toEqual(['peer 0', 'peer 8'])
    const all = (await store.getConversations('ada')).items.map(({ peer }) => peer)
    expect(all).toEqual(['peer 0', ...peers.slice(1).toReversed()])
  } finally {
    await store.close()
    await host.destroy()
  }
})

test('what is looked at goes again where the cache is full', async () => {
  const store = await openMessageStore({
    location: await temporaryDirectory(),
    durability: 'os',
    cache: { maxBytes: 1024 * 1024 },
  })
  try {
    const peers = Array.from({ length: 600 }, (_, i) => `peer ${i}`)
    await Promise.all(
      peers.map((peer) => store.sendMessage({ sender: peer, receiver: 'ada', text: 'x'.repeat(2000) })),
    )
    await store.admin.checkpoint()
    for (const peer of peers) expect((await store.getMessages(peer, { peer: 'ada' })).items).toHaveLength(1)
    for (const peer of peers) expect((await store.getMessages('ada', { peer })).items).toHaveLength(1)
    await store.sendMessage({ sender: 'ada', receiver: 'bob', text: 'whatever trims' })
    const { bytes, maxBytes } = await cacheOf(store)
    expect(bytes).toBeLessThanOrEqual(maxBytes)
    expect(bytes).toBeGreaterThan(maxBytes / 4)
  } finally {
    await store.close()
  }
})

test('reads alone do not grow the cache beyond its budget, and pages take a part of it only', async () => {
  const location = await temporaryDirectory()
  const peers = Array.from({ length: 40 }, (_, i) => `peer ${i}`)
  const text = 'a message of some length '.repeat(20)
  let store = await openMessageStore({ location, durability: 'os' })
  for (const receiver of peers) {
    const ids = Array.from({ length: 60 }, (_, i) => String(i))
    await Promise.all(ids.map((id) => store.sendMessage({ sender: 'ada', receiver, text, id })))
  }
  await store.close()
  store = await openMessageStore({ location, durability: 'os', cache: { maxBytes: 512 * 1024 } })
  try {
    const conversations = (await store.getConversations('ada', { limit: 100 })).items
    expect(conversations).toHaveLength(peers.length)
    for (const { id } of conversations) {
      expect((await store.getMessages('ada', id, { limit: 50 })).items).toHaveLength(50)
      expect((await store.getMessages('ada', id, { limit: 50, before: 50 })).items).toHaveLength(49)
    }
    await new Promise((resolve) => setImmediate(resolve))
    const { bytes, maxBytes, conversations: kept } = await cacheOf(store)
    expect(bytes).toBeLessThanOrEqual(maxBytes)
    // The 2 MiB of pages have gone, the list has not.
    expect(kept).toBe(peers.length)
  } finally {
    await store.close()
  }
})
