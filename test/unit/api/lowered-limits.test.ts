import { expect, test } from 'vitest'
import type { MessageStore } from '../../../src/api/message-store.js'
import { openMessageStore } from '../../../src/index.js'
import type { Limits } from '../../../src/limits.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

const KiB = 1024
const large = { sender: 'ann', text: 'x'.repeat(60 * KiB) }
const deep = { sender: 'ann', text: 'deep', attributes: { a: { b: { c: ['d'] } } } }
const heavy = { sender: 'ann', text: 'heavy', attributes: 'y'.repeat(8 * KiB) }
const named = { sender: 'ann', text: 'named', id: 'z'.repeat(200) }
const derived = { ...large, timestamp: 5, deviceId: 'd'.repeat(100) }

const requests = [
  { ...large, receiver: 'bob', id: 'large' },
  { ...deep, receiver: 'bob', id: 'deep' },
  { ...heavy, receiver: 'bob', id: 'heavy' },
  { ...named, receiver: 'bob' },
  { ...derived, receiver: 'bob' },
  { ...large, conversationId: 'group', id: 'large' },
  { ...deep, conversationId: 'group', id: 'deep' },
]

const users = [
  { id: 'long name', name: 'n'.repeat(500) },
  { id: 'heavy', name: 'h', profile: 'y'.repeat(8 * KiB) },
  { id: 'deep', name: 'd', profile: deep.attributes },
  { id: 'i'.repeat(200), name: 'long id' },
]

const groups = [
  { creator: 'ann', members: ['bob'], title: 't'.repeat(500), id: 'long title' },
  { creator: 'ann', members: ['b', 'c', 'd', 'e'], id: 'many' },
  { creator: 'ann', members: ['m'.repeat(200)], id: 'long member' },
]

const lowered: Partial<Limits> = {
  textBytes: 16 * KiB,
  attributesBytes: KiB,
  attributesDepth: 2,
  titleBytes: 100,
  idsPerCall: 3,
  idBytes: 64,
  // Less than one of the messages takes that are there.
  queueBytes: 20 * KiB,
}

async function withLoweredLimits(task: (store: MessageStore) => Promise<void>): Promise<void> {
  const location = await temporaryDirectory()
  const first = await openMessageStore({ location })
  await first.groups.create({ creator: 'ann', members: ['bob'], id: 'group' })
  for (const user of users) await first.users.register(user)
  for (const group of groups) await first.groups.create(group)
  for (const request of requests) await first.sendMessage(request)
  await first.close()
  const store = await openMessageStore({ location, limits: lowered })
  try {
    await task(store)
  } finally {
    await store.close()
  }
}

test('the repeat of what is stored gets its first receipt, though a lower limit would refuse it today', async () => {
  await withLoweredLimits(async (store) => {
    // Cold, then warm.
    for (const request of [...requests, ...requests])
      await expect(store.sendMessage(request)).resolves.toMatchObject({ duplicate: true })
    const stored = await store.getMessages('bob', { peer: 'ann' })
    expect(stored.items.map(({ seq }) => seq)).toEqual([5, 4, 3, 2, 1])
  })
})

test('the same key with other content is a conflict, and a new key is held to the limits of now', async () => {
  await withLoweredLimits(async (store) => {
    for (let round = 1; round <= 2; round++) {
      const other = store.sendMessage({ ...large, receiver: 'bob', id: 'large', text: 'y'.repeat(30 * KiB) })
      await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
      for (const target of [{ receiver: 'bob' }, { conversationId: 'group' }, { receiver: 'stranger' }]) {
        for (const content of [large, deep, heavy]) {
          const sent = store.sendMessage({ ...content, ...target, id: 'new' })
          await expect(sent).rejects.toMatchObject({ code: 'TOO_LARGE' })
        }
        const sent = store.sendMessage({ ...named, ...target, id: 'w'.repeat(200) })
        await expect(sent).rejects.toMatchObject({
          code: 'INVALID_ARGUMENT',
          details: { field: 'id' },
        })
      }
    }
    const { items } = await store.getConversations('ann')
    expect(items.map(({ id, peer, headSeq }) => [peer ?? id, headSeq]).slice(0, 2)).toEqual([
      ['group', 2],
      ['bob', 5],
    ])
    expect(items).toHaveLength(2 + groups.length)
  })
})

test('what no store could have taken, or has no key, is refused as it is, with the limit of this store', async () => {
  await withLoweredLimits(async (store) => {
    for (const request of [
      { sender: 'ann', receiver: 'bob', id: 'new', text: 'x'.repeat(KiB * KiB + 1) },
      { sender: 'ann', receiver: 'bob', text: 'x'.repeat(60 * KiB) },
    ]) {
      await expect(store.sendMessage(request)).rejects.toMatchObject({
        code: 'TOO_LARGE',
        details: { field: 'text', limit: 16 * KiB },
      })
    }
  })
})

test('users and groups are registered and created again as well', async () => {
  await withLoweredLimits(async (store) => {
    for (const user of users) await expect(store.users.register(user)).resolves.toEqual(user)
    for (const { id, ...group } of groups) {
      const again = store.groups.create({ id, ...group, members: group.members.toReversed() })
      await expect(again).resolves.toMatchObject({ id, memberCount: group.members.length + 1 })
    }
  })
})

test('users and groups with other content are a conflict, and new ones are held to the limits of now', async () => {
  await withLoweredLimits(async (store) => {
    for (const user of users) {
      const other = store.users.register({ ...user, name: `${user.name}!` })
      await expect(other).rejects.toMatchObject({ code: 'USER_EXISTS' })
    }
    for (const group of groups) {
      const other = store.groups.create({ ...group, members: [...group.members, 'x', 'y', 'z'] })
      await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
    }
    for (const user of users.slice(0, 3)) {
      const registered = store.users.register({ ...user, id: 'new' })
      await expect(registered).rejects.toMatchObject({ code: 'TOO_LARGE' })
    }
    for (const group of groups.slice(0, 2))
      for (const id of ['new', undefined])
        await expect(store.groups.create({ ...group, id })).rejects.toMatchObject({ code: 'TOO_LARGE' })
    await expect(store.users.get('new')).rejects.toMatchObject({ code: 'USER_NOT_FOUND' })
    const { items } = await store.getConversations('ann')
    expect(items).toHaveLength(2 + groups.length)
  })
})
