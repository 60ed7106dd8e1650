import { getHeapStatistics } from 'node:v8'
import { expect, onTestFinished, test } from 'vitest'
import type { LocalMessageStore } from '../../src/api/message-store.js'
import type { Conversation } from '../../src/model/conversation.js'
import type { Json } from '../../src/model/json.js'
import { cacheOf } from '../fixtures/cache-stats.js'
import { collectGarbage } from '../fixtures/collect-garbage.js'
import { localHost } from '../histories/hosts.js'

/*
 * What the cache has of messages as objects, held against V8's heap: with its own account alone nobody would see what is not in it.
 */

const maxBytes = 2 * 1024 * 1024

/** `others`: what is done with the store in openings of its own, one after the other, before it is given. */
async function filled(
  ...others: readonly ((store: LocalMessageStore) => Promise<void>)[]
): Promise<LocalMessageStore> {
  const host = await localHost({ settings: { cacheBytes: maxBytes } })
  onTestFinished(host.destroy)
  for (const use of others) {
    const opened = (await host.open()) as LocalMessageStore
    await use(opened)
    await opened.close()
  }
  const store = (await host.open()) as LocalMessageStore
  onTestFinished(() => store.close())
  return store
}

/** What was read last is let go of in the next turn; what a former test has left, in some. */
async function heapUsed(): Promise<number> {
  for (let turns = 0; turns < 3; turns++) {
    await new Promise(setImmediate)
    collectGarbage()
  }
  return getHeapStatistics().used_heap_size
}

/** By how much the heap has grown, and the account of the cache. */
async function growth(
  store: LocalMessageStore,
  read: () => Promise<void>,
): Promise<{ heap: number; account: number }> {
  const heap = await heapUsed()
  const account = (await cacheOf(store)).bytes
  await read()
  const grown = (await heapUsed()) - heap
  return { heap: grown, account: (await cacheOf(store)).bytes - account }
}

const users = Array.from({ length: 50 }, (_, i) => `user ${i}`)
const peers = Array.from({ length: 20 }, (_, i) => `peer ${i}`)

async function sendToAll(
  store: LocalMessageStore,
  of: { readonly text: string; readonly attributes?: Json },
): Promise<void> {
  for (const receiver of users)
    await Promise.all(peers.map(async (sender) => store.sendMessage({ sender, receiver, ...of })))
}

async function readLists(store: LocalMessageStore): Promise<void> {
  for (const user of users) await store.getConversations(user)
}

test('lists whose last messages are long keep within the cache', async () => {
  const text = 'long'.repeat(4096)
  const store = await filled((first) => sendToAll(first, { text }))
  const { heap, account } = await growth(store, async () => {
    for (const user of users) {
      const { items } = await store.getConversations(user)
      expect(items.every(({ lastMessage }) => lastMessage?.text === text)).toBe(true)
    }
  })
  expect(heap).toBeLessThan(1.5 * maxBytes)
  expect(account).toBeGreaterThan(heap / 2)
})

test('last messages that somebody read alone keep within the cache', async () => {
  const text = 'long'.repeat(4096)
  const store = await filled(() => Promise.resolve())
  const { heap, account } = await growth(store, async () => {
    for (const receiver of users) {
      for (const sender of peers) {
        await store.sendMessage({ sender, receiver, text })
        await store.getMessages(receiver, { peer: sender }, { limit: 1 })
      }
    }
    await store.admin.checkpoint()
  })
  expect(heap).toBeLessThan(1.5 * maxBytes)
  expect(account).toBeGreaterThan(heap / 2)
})

const many: readonly Json[] = Array.from({ length: 1000 }, () => [])

test('pages of messages with attributes keep within the cache', async () => {
  const store = await filled((first) => sendToAll(first, { text: 'short', attributes: { many } }))
  const { heap, account } = await growth(store, async () => {
    for (const user of users) for (const peer of peers) await store.getMessages(user, { peer })
  })
  expect(heap).toBeLessThan(1.5 * maxBytes)
  expect(account).toBeGreaterThan(heap / 2)
})

test('lists whose last messages have attributes keep within the cache', async () => {
  const attributes = { few: many.slice(0, 250) }
  const store = await filled((first) => sendToAll(first, { text: 'short', attributes }))
  const { heap, account } = await growth(store, () => readLists(store))
  expect(heap).toBeLessThan(1.5 * maxBytes)
  expect(account).toBeGreaterThan(heap / 2)
})

test('messages of a usual size count as what they take', async () => {
  const text = 'usual'.repeat(20)
  const growths: { heap: number; account: number }[] = []
  const measure = async (store: LocalMessageStore): Promise<void> => {
    growths.push(await growth(store, () => readLists(store)))
  }
  // Read for the first time, code is compiled as well, which may take as much as the lists do; and now and then so does something else.
  await filled((first) => sendToAll(first, { text }), readLists, measure, measure, measure)
  const { heap, account } = growths.toSorted((one, other) => one.heap - other.heap)[1] as (typeof growths)[0]
  expect(account).toBeGreaterThan(heap * 0.7)
  expect(account).toBeLessThan(heap * 1.5)
})

test('last messages of conversations whose pages have gone count as what they take', async () => {
  const text = 'ж'.repeat(1000)
  const store = await filled(async (first) => {
    for (let round = 0; round < 2; round++) await sendToAll(first, { text })
  })
  const { heap, account } = await growth(store, async () => {
    for (const user of users) for (const peer of peers) await store.getMessages(user, { peer })
    for (const user of users) for (const peer of peers) await store.getConversation(user, { peer })
  })
  expect(heap).toBeLessThan(2 * maxBytes)
  expect(account).toBeGreaterThan(heap / 2)
})

test('last messages that only those see who have left keep within the cache', async () => {
  const text = 'ж'.repeat(1000)
  const store = await filled(async (first) => {
    const leave = async (user: string, n: number): Promise<void> => {
      const conversationId = `${n} of ${user}`
      await first.groups.create({ creator: 'bot', members: [user], id: conversationId })
      await first.sendMessage({ sender: 'bot', conversationId, text })
      await first.groups.removeMember('bot', conversationId, user)
      await first.sendMessage({ sender: 'bot', conversationId, text: 'not for the user' })
    }
    for (const user of users) await Promise.all(peers.map(async (_, n) => leave(user, n)))
  }, readLists)
  const { heap } = await growth(store, () => readLists(store))
  // Groups are much of it. Where nobody counted the messages it was 2.8 times.
  expect(heap).toBeLessThan(2.3 * maxBytes)
})

/** Conversations of every kind, with a last message that `me` may see and that is long. */
async function sendLong(store: LocalMessageStore, round: number): Promise<void> {
  const text = `${round}`.padEnd(64 * 1024, '.')
  for (let i = 0; i < 15; i++) {
    await store.sendMessage({ sender: `peer ${i}`, receiver: 'me', text })
    for (const kind of ['small', 'large', 'left']) {
      const conversationId = `${kind} ${i}`
      const members = kind === 'large' ? ['me', 'one', 'two', 'three', 'four', 'five'] : ['me', 'one']
      if (round === 0) await store.groups.create({ creator: 'bot', members, id: conversationId })
      await store.sendMessage({ sender: 'bot', conversationId, text })
      if (kind !== 'left' || round > 0) continue
      await store.groups.removeMember('bot', conversationId, 'me')
      await store.sendMessage({ sender: 'bot', conversationId, text: 'not for me' })
    }
  }
}

function roundOf(kept: Conversation): number {
  return Number(kept.lastMessage?.text.split('.')[0])
}

test.each([true, false])(
  'a list of more than the cache can hold is answered all the same (at once: %s)',
  async (readsNow) => {
    const host = await localHost({
      settings: { cacheBytes: 128 * 1024 },
      tuning: { readsNow, fanOut: 5 },
    })
    onTestFinished(host.destroy)
    const first = (await host.open()) as LocalMessageStore
    await sendLong(first, 0)
    await first.close()
    const store = (await host.open()) as LocalMessageStore
    onTestFinished(() => store.close())

    const lists = async () =>
      Promise.all([60, 60, 25].map((limit) => store.getConversations('me', { limit })))
    for (const { items, next } of await lists()) {
      expect(items.length).toBe(next === null ? 60 : 25)
      expect(items.map(roundOf)).toEqual(items.map(() => 0))
    }
    // While others write, which lets go of what is too much.
    const [[all]] = await Promise.all([lists(), sendLong(store, 1)])
    expect(all?.items.length).toBe(60)
    for (const { items } of await lists()) {
      expect(items.map(roundOf)).toEqual(items.map(({ left }) => (left ? 0 : 1)))
    }
    for (const { id } of all?.items ?? []) expect((await store.getConversation('me', id))?.id).toBe(id)
    expect((await cacheOf(store)).bytes).toBeLessThan(256 * 1024)
  },
)
