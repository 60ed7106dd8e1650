import { describe, expect, onTestFinished, test } from 'vitest'
import { openMessageStore } from '../../src/api/open.js'
import type { MessageStore } from '../../src/api/message-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

// Lists that are read from their copies (src/formats/list-copy.ts) by a store that has just been opened.

const peers = Array.from({ length: 14 }, (_, i) => `user ${i}`)

async function open(location: string): Promise<MessageStore> {
  const store = await openMessageStore({ location })
  onTestFinished(() => store.close())
  return store
}

/** A store of which ann's list has been copied, closed. */
async function withCopy(): Promise<string> {
  const location = await temporaryDirectory()
  let store = await open(location)
  for (const sender of peers) {
    await store.sendMessage({ sender, receiver: 'ann', text: 'one' })
    await store.sendMessage({ sender, receiver: 'ann', text: 'two' })
  }
  await store.close()
  store = await open(location)
  await store.getConversations('ann')
  // Something to close: a checkpoint takes along what waits to be written.
  await store.sendMessage({ sender: 'ben', receiver: 'cem', text: 'elsewhere' })
  await store.close()
  return location
}

async function shown(store: MessageStore): Promise<string[]> {
  const { items } = await store.getConversations('ann')
  return items.map(({ peer, unread, lastMessage }) => `${peer} ${unread} ${lastMessage?.text}`)
}

const untouched = peers.map((peer) => `${peer} 2 two`).reverse()

test('a list that is read from its copy is as it was', async () => {
  const store = await open(await withCopy())
  expect(await shown(store)).toEqual(untouched)
})

describe.each(['before anything of it is flushed', 'when it has been flushed'])('%s', (when) => {
  /** What ann sees, by somebody who has just opened the store if it is flushed. */
  async function after(happens: (store: MessageStore) => Promise<unknown>): Promise<string[]> {
    const location = await withCopy()
    const store = await open(location)
    await happens(store)
    if (when === 'before anything of it is flushed') return shown(store)
    await store.close()
    return shown(await open(location))
  }

  test('a list that is read from its copy has what was sent since', async () => {
    const lines = await after(async (store) => {
      await store.sendMessage({ sender: 'user 3', receiver: 'ann', text: 'three' })
      await store.sendMessage({ sender: 'new', receiver: 'ann', text: 'hello' })
    })
    const others = untouched.filter((line) => !line.startsWith('user 3 '))
    expect(lines).toEqual(['new 1 hello', 'user 3 3 three', ...others])
  })

  test('a list that is read from its copy has what was marked since', async () => {
    const lines = await after((store) => store.markRead('ann', { peer: 'user 5' }, 1))
    expect(lines).toEqual(untouched.map((line) => (line === 'user 5 2 two' ? 'user 5 1 two' : line)))
  })
})

test('a list that is read from its copy goes on, page after page, beyond what was copied', async () => {
  const store = await open(await withCopy())
  const { items, next } = await store.getConversations('ann', { limit: 5 })
  const rest = await store.getConversations('ann', { limit: 20, cursor: next ?? '' })
  expect([...items, ...rest.items].map(({ peer }) => peer)).toEqual([...peers].reverse())
  expect(rest.next).toBe(null)
})
