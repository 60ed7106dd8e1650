import { expect, test } from 'vitest'
import { keys, userPrefix } from '../../src/formats/keys.js'
import type { CheckedStore } from '../../src/model-checking/store-under-test.js'
import { closeGate, openGate, type Gate } from '../fixtures/gated-shards.js'
import type { LocalVariant } from '../property/stores.js'
import { openGated } from './gated-store.js'

/** Who are looked at while somebody waits: more than are kept beside a list. */
const peers = ['p0', 'p1', 'p2']
const small: LocalVariant = {
  settings: { cacheTierSize: 3 },
  tuning: { readsNow: false, keptAside: 2 },
}

const say = (store: CheckedStore, sender: string, text = 'hello'): Promise<unknown> =>
  store.sendMessage({ sender, conversationId: 'g', text })

/** What a call gives whose read of the marks of `a` in the group is slow; `meanwhile` is done before the answer comes. */
async function slowly<T>(gate: Gate, call: () => Promise<T>, meanwhile: () => Promise<unknown>): Promise<T> {
  const { read, open } = closeGate(gate)
  gate.at = { key: keys.marks(userPrefix('a'), 'g') }
  const calling = call()
  await read
  gate.at = 'nothing'
  await meanwhile()
  open()
  return calling
}

async function groupOfThree(store: CheckedStore): Promise<void> {
  for (const sender of peers) await store.sendMessage({ sender, receiver: 'a', text: 'hi' })
  await store.groups.create({ creator: 'b', members: ['a', 'c'], id: 'g' })
  for (const sender of ['b', 'a', 'b']) await say(store, sender)
}

async function lookAtOthers(store: CheckedStore): Promise<void> {
  for (const peer of peers) await store.getConversation('a', { peer })
}

async function remove(store: CheckedStore): Promise<void> {
  await store.groups.removeMember('b', 'g', 'a')
  await say(store, 'b', 'secret')
}

test('who is removed while a page is read, and many others are looked at, does not see what comes then', async () => {
  const gate = openGate()
  const store = await openGated(gate, small, groupOfThree)
  const { items } = await slowly(
    gate,
    () => store.getMessages('a', 'g'),
    async () => {
      await lookAtOthers(store)
      await remove(store)
    },
  )
  expect(items.map(({ seq }) => seq)).toEqual([3, 2, 1])
})

test('who is removed from a large group while a page is read does not see what comes then, though members have made room for others', async () => {
  const gate = openGate()
  const members = Array.from({ length: 4 }, (_, i) => `m${i}`)
  const store = await openGated(
    gate,
    { ...small, tuning: { ...small.tuning, fanOut: 2, keptMembers: 2 } },
    async (first) => {
      await first.groups.create({ creator: 'b', members, id: 'g' })
      await say(first, 'b')
    },
  )
  await store.groups.addMembers('b', 'g', ['a'])
  await say(store, 'b')
  // All of them are members, which has to be read, one by one.
  await store.groups.addMembers('b', 'g', members)
  const { items } = await slowly(
    gate,
    () => store.getMessages('a', 'g'),
    () => remove(store),
  )
  expect(items.map(({ seq }) => seq)).toEqual([2])
})

test('an own message that comes while a group, and many others, are looked at is not unread', async () => {
  const gate = openGate()
  const store = await openGated(gate, small, groupOfThree)
  const looked = await slowly(
    gate,
    () => store.getConversation('a', 'g'),
    async () => {
      await lookAtOthers(store)
      await say(store, 'a')
    },
  )
  expect(looked).toMatchObject({ headSeq: 4, unread: 2 })
})

test('an own message that comes while a mark has to wait does not count for the mark', async () => {
  const gate = openGate()
  const store = await openGated(gate, small, groupOfThree)
  await slowly(
    gate,
    () => store.markRead('a', 'g', 4),
    async () => {
      await lookAtOthers(store)
      await say(store, 'a')
    },
  )
  await say(store, 'b')
  expect(await store.getConversation('a', 'g')).toMatchObject({ headSeq: 5, readSeq: 4, unread: 1 })
})

test('a walk shows a group from which its user is removed while a page is read', async () => {
  const gate = openGate()
  const store = await openGated(gate, small, async (first) => {
    await groupOfThree(first)
    for (let i = 0; i < 6; i++) await first.sendMessage({ sender: `q${i}`, receiver: 'a', text: 'hi' })
  })
  const first = await store.getConversations('a', { limit: 1 })
  const cursor = first.next as string
  const page = await slowly(
    gate,
    () => store.getConversations('a', { limit: 20, cursor }),
    () => remove(store),
  )
  expect(page.next).toBeNull()
  const shown = [...first.items, ...page.items]
  expect(shown).toHaveLength(10)
  expect(shown.find(({ id }) => id === 'g')).toMatchObject({ left: true, headSeq: 3 })
})
