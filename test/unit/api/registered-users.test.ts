import { expect, test } from 'vitest'
import type { MessageStore } from '../../../src/api/message-store.js'
import { ReferenceBackend } from '../../../src/backend/reference/reference-backend.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'
import { referenceStore } from '../../fixtures/reference-store.js'

// Where only registered users exist, those of before stay in what is stored: `zed` is nobody, and in everything here.

const before = { sender: 'zed', receiver: 'ann', text: 'x', id: 'before' }
const direct = directConversationId('zed', 'ann')

/** What was an open store; `ann` and `bob` are registered, `zed` is not. */
async function registeredOnly(): Promise<MessageStore> {
  const backend = new ReferenceBackend()
  const open = referenceStore({ backend })
  for (const id of ['ann', 'bob']) await open.users.register({ id, name: id })
  await open.groups.create({ creator: 'zed', members: ['ann', 'bob'], id: 'group' })
  await open.sendMessage(before)
  await open.sendMessage({ sender: 'ann', receiver: 'zed', text: 'x', id: 'answer' })
  await open.sendMessage({ sender: 'zed', conversationId: 'group', text: 'x', id: 'in the group' })
  await open.contacts.add('ann', 'zed', { alias: 'Z' })
  await open.contacts.block('bob', 'zed')
  return referenceStore({ backend, usersMode: 'registered' })
}

const unknown = { code: 'USER_NOT_FOUND', kind: 'not-found' }

const text = { text: 'x', id: 'new' }

/** Every call that somebody makes, by one who is not registered; and those that write to such a one, add or block one. */
const refused: Readonly<Record<string, (store: MessageStore) => Promise<unknown>>> = {
  'sendMessage to a user': (store) => store.sendMessage({ sender: 'zed', receiver: 'ann', ...text }),
  'sendMessage to oneself': (store) => store.sendMessage({ sender: 'zed', receiver: 'zed', ...text }),
  'sendMessage by a direct id': (store) =>
    store.sendMessage({ sender: 'zed', conversationId: direct, ...text }),
  'sendMessage into a group': (store) =>
    store.sendMessage({ sender: 'zed', conversationId: 'group', ...text }),
  'sendMessage to zed': (store) => store.sendMessage({ sender: 'ann', receiver: 'zed', ...text }),
  'sendMessage to zed by the id': (store) =>
    store.sendMessage({ sender: 'ann', conversationId: direct, ...text }),
  getConversations: (store) => store.getConversations('zed'),
  getConversation: (store) => store.getConversation('zed', { peer: 'ann' }),
  getMessages: (store) => store.getMessages('zed', 'group'),
  getMessage: (store) => store.getMessage('zed', { peer: 'ann' }, 1),
  markRead: (store) => store.markRead('zed', { peer: 'ann' }),
  markDelivered: (store) => store.markDelivered('zed', 'group', 1),
  getUnread: (store) => store.getUnread('zed'),
  getReceipts: (store) => store.getReceipts('zed', { peer: 'ann' }),
  getChanges: (store) => store.getChanges('zed'),
  subscribe: (store) => store.subscribe('zed').next(),
  'users.get': (store) => store.users.get('zed'),
  'users.update': (store) => store.users.update('zed', { name: 'Z' }),
  'contacts.add': (store) => store.contacts.add('zed', 'ann'),
  'contacts.add of zed': (store) => store.contacts.add('bob', 'zed'),
  'contacts.remove': (store) => store.contacts.remove('zed', 'ann'),
  'contacts.list': (store) => store.contacts.list('zed'),
  'contacts.list of the blocked': (store) => store.contacts.list('zed', { blocked: true }),
  'contacts.block': (store) => store.contacts.block('zed', 'ann'),
  'contacts.block of zed': (store) => store.contacts.block('ann', 'zed'),
  'contacts.unblock': (store) => store.contacts.unblock('zed', 'ann'),
  'groups.create': (store) => store.groups.create({ creator: 'zed', members: ['ann'] }),
  'groups.create with zed': (store) => store.groups.create({ creator: 'ann', members: ['zed'] }),
  'groups.addMembers': (store) => store.groups.addMembers('zed', 'group', ['cy']),
  'groups.addMembers of nobody': (store) => store.groups.addMembers('ann', 'group', ['cy']),
  'groups.removeMember': (store) => store.groups.removeMember('zed', 'group', 'ann'),
  'groups.removeMember of oneself': (store) => store.groups.removeMember('zed', 'group', 'zed'),
  'groups.rename': (store) => store.groups.rename('zed', 'group', 'title'),
  'groups.members': (store) => store.groups.members('zed', 'group'),
}

test.each(Object.entries(refused))('%s is USER_NOT_FOUND', async (_name, call) => {
  const store = await registeredOnly()
  const wrote = async () => (await store.admin.stats()).position
  const position = await wrote()
  // Twice: for the second, what it concerns is in memory.
  for (let n = 0; n < 2; n++) await expect(call(store)).rejects.toMatchObject(unknown)
  expect(await wrote()).toBe(position)
})

test('the table has every call that somebody makes', async () => {
  const store = await registeredOnly()
  const { users, contacts, groups, admin } = store
  const there = Object.entries({
    '': store,
    'users.': users,
    'contacts.': contacts,
    'groups.': groups,
    admin,
  })
  const names = there.flatMap(([part, { constructor }]) =>
    Object.getOwnPropertyNames(constructor.prototype).map((name) => part + name),
  )
  const calls = names.filter((name) => !/constructor|^close$|^users.register$|^admin/.test(name))
  const tried = Object.keys(refused).map((name) => name.split(' ')[0])
  expect(new Set(tried)).toEqual(new Set(calls))
})

test('who is only looked for, as a peer, is just not found', async () => {
  const store = await registeredOnly()
  const nobody = { peer: 'nobody' }
  expect(await store.getConversation('ann', nobody)).toBeNull()
  expect(await store.getMessages('ann', nobody)).toEqual({ items: [], next: null })
  expect(await store.getReceipts('ann', nobody)).toEqual([])
  await store.markRead('ann', nobody)
  await store.markDelivered('ann', nobody, 1)
  expect(await store.getConversation('ann', { peer: 'zed' })).toMatchObject({ headSeq: 2 })
  await store.markRead('ann', { peer: 'zed' })
})

test('repeats of what is stored are answered', async () => {
  const store = await registeredOnly()
  const inGroup = { sender: 'zed', conversationId: 'group', text: 'x', id: 'in the group' }
  const { receiver: _, ...byId } = { ...before, conversationId: direct }
  for (const request of [before, byId, inGroup])
    expect(await store.sendMessage(request)).toMatchObject({ seq: 1, duplicate: true })
  const other = store.sendMessage({ ...byId, text: 'y' })
  await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
  const group = await store.groups.create({ creator: 'zed', members: ['ann', 'bob'], id: 'group' })
  expect(await store.groups.addMembers('ann', 'group', ['zed'])).toEqual(group)
  await store.users.register({ id: 'dan', name: 'dan' })
  expect(await store.groups.addMembers('ann', 'group', ['zed', 'dan'])).toMatchObject({ memberCount: 4 })
})

test('a group goes on with who is not registered', async () => {
  const store = await registeredOnly()
  const sent = store.sendMessage({ sender: 'ann', conversationId: 'group', text: 'x' })
  await expect(sent).resolves.toMatchObject({ seq: 2 })
  expect((await store.groups.members('ann', 'group')).items).toContainEqual({ userId: 'zed' })
})

test('a message by the id of a direct conversation needs both of its users', async () => {
  const store = await registeredOnly()
  const send = (sender: string, id = 'new') =>
    store.sendMessage({ sender, conversationId: direct, text: 'x', id })
  await expect(send('ann')).rejects.toMatchObject(unknown)
  await expect(send('zed')).rejects.toMatchObject(unknown)
  await expect(send('ann', 'answer')).resolves.toMatchObject({ seq: 2, duplicate: true })
  // A stranger is not told who of them is registered.
  await expect(send('bob')).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
  await store.users.register({ id: 'zed', name: 'Zed' })
  await expect(send('ann')).resolves.toMatchObject({ seq: 3 })
})

test('a contact that is not registered can be removed, and a block on one be lifted', async () => {
  const store = await registeredOnly()
  await expect(store.contacts.block('ann', 'zed')).rejects.toMatchObject(unknown)
  await store.contacts.unblock('bob', 'zed')
  await store.contacts.remove('ann', 'zed')
  expect((await store.contacts.list('ann')).items).toEqual([])
  await store.users.register({ id: 'zed', name: 'Zed' })
  await expect(store.sendMessage({ ...before, receiver: 'bob' })).resolves.toMatchObject({ seq: 1 })
})
