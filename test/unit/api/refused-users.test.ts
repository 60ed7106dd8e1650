import { describe, expect, test } from 'vitest'
import type { MessageStore } from '../../../src/api/message-store.js'
import { ReferenceBackend } from '../../../src/backend/reference/reference-backend.js'
import { isColumbaError } from '../../../src/errors.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'
import { referenceStore } from '../../fixtures/reference-store.js'

// An error says where the call has the user whom it is about, and never who that is.

type Call = (store: MessageStore) => Promise<unknown>
type Refusal = readonly [place: { readonly field: string; readonly index?: number }, call: Call]

async function refusalOf(call: Promise<unknown>): Promise<object> {
  const error: unknown = await call.then(
    () => 'an answer',
    (thrown: unknown) => thrown,
  )
  if (!isColumbaError(error)) return { error }
  const { code, message, details } = error
  return { code, message: message.replace(/^the other participant of /, '').split(' ')[0], details }
}

function refusal(code: string, [{ field, index }]: Refusal): object {
  return index === undefined
    ? { code, message: field, details: { field } }
    : { code, message: `${field}[${index}]`, details: { field, index } }
}

describe('somebody who is not registered', () => {
  const send = (request: object): Call => {
    return (store) => store.sendMessage({ text: 'x', ...request } as Parameters<typeof store.sendMessage>[0])
  }
  const calls: Readonly<Record<string, Refusal>> = {
    'who sends': [{ field: 'sender' }, send({ sender: 'zed', receiver: 'ann' })],
    'who gets a message': [{ field: 'receiver' }, send({ sender: 'ann', receiver: 'zed' })],
    'who sends to oneself': [{ field: 'sender' }, send({ sender: 'zed', receiver: 'zed' })],
    'who sends into a group': [{ field: 'sender' }, send({ sender: 'zed', conversationId: 'group' })],
    'who reads': [{ field: 'userId' }, (store) => store.getConversations('zed')],
    'who looks': [{ field: 'userId' }, (store) => store.getMessages('zed', { peer: 'ann' })],
    'who marks': [{ field: 'userId' }, (store) => store.markRead('zed', { peer: 'ann' })],
    'who counts': [{ field: 'userId' }, (store) => store.getUnread('zed')],
    'who follows': [{ field: 'userId' }, (store) => store.getChanges('zed')],
    'who is looked up': [{ field: 'id' }, (store) => store.users.get('zed')],
    'who is renamed': [{ field: 'id' }, (store) => store.users.update('zed', { name: 'Z' })],
    'who adds a contact': [{ field: 'userId' }, (store) => store.contacts.add('zed', 'ann')],
    'who becomes a contact': [{ field: 'contactId' }, (store) => store.contacts.add('ann', 'zed')],
    'who blocks': [{ field: 'userId' }, (store) => store.contacts.block('zed', 'ann')],
    'who is blocked': [{ field: 'otherId' }, (store) => store.contacts.block('ann', 'zed')],
    'who lists contacts': [{ field: 'userId' }, (store) => store.contacts.list('zed')],
    'who makes a group': [
      { field: 'creator' },
      (store) => store.groups.create({ creator: 'zed', members: ['ann', 'zed'] }),
    ],
    'one of the members': [
      { field: 'members', index: 3 },
      (store) => store.groups.create({ creator: 'ann', members: ['ann', 'bob', 'bob', 'zed', 'zed'] }),
    ],
    'who adds': [{ field: 'actorId' }, (store) => store.groups.addMembers('zed', 'group', ['ann'])],
    'one of those added': [
      { field: 'userIds', index: 2 },
      (store) => store.groups.addMembers('ann', 'group', ['bob', 'ann', 'zed']),
    ],
    'who removes': [{ field: 'actorId' }, (store) => store.groups.removeMember('zed', 'group', 'ann')],
    'who lists members': [{ field: 'userId' }, (store) => store.groups.members('zed', 'group')],
  }

  test.each(Object.entries(calls))('%s', async (_name, refused) => {
    const store = referenceStore({ usersMode: 'registered' })
    for (const id of ['ann', 'bob']) await store.users.register({ id, name: id })
    await store.groups.create({ creator: 'ann', members: ['bob'], id: 'group' })
    expect(await refusalOf(refused[1](store))).toEqual(refusal('USER_NOT_FOUND', refused))
  })
})

describe('somebody who has blocked who asks', () => {
  const text = { sender: 'ann', text: 'x' }
  const calls: Readonly<Record<string, Refusal>> = {
    'who gets a message': [{ field: 'receiver' }, (store) => store.sendMessage({ ...text, receiver: 'zed' })],
    'who gets a message by the id': [
      { field: 'conversationId' },
      (store) => store.sendMessage({ ...text, conversationId: directConversationId('ann', 'zed') }),
    ],
    'one of the members': [
      { field: 'members', index: 1 },
      (store) => store.groups.create({ creator: 'ann', members: ['bob', 'zed'] }),
    ],
    'one of those added': [
      { field: 'userIds', index: 2 },
      (store) => store.groups.addMembers('ann', 'group', ['bob', 'bob', 'zed']),
    ],
  }

  test.each(Object.entries(calls))('%s', async (_name, refused) => {
    const store = referenceStore()
    await store.sendMessage({ sender: 'zed', receiver: 'ann', text: 'first' })
    await store.groups.create({ creator: 'ann', members: ['bob'], id: 'group' })
    await store.contacts.block('zed', 'ann')
    for (let n = 0; n < 2; n++)
      expect(await refusalOf(refused[1](store))).toEqual(refusal('BLOCKED', refused))
  })
})

test('whoever is met by the id of a conversation is called its other participant', async () => {
  const backend = new ReferenceBackend()
  const open = referenceStore({ backend })
  for (const id of ['ann', 'bob']) await open.users.register({ id, name: id })
  for (const sender of ['bob', 'zed']) await open.sendMessage({ sender, receiver: 'ann', text: 'first' })
  await open.contacts.block('bob', 'ann')
  const store = referenceStore({ backend, usersMode: 'registered' })
  const told = async (other: string): Promise<unknown> => {
    const conversationId = directConversationId('ann', other)
    return store.sendMessage({ sender: 'ann', conversationId, text: 'x' }).catch((error: unknown) => error)
  }
  const details = { field: 'conversationId' }
  expect(await told('bob')).toMatchObject({
    code: 'BLOCKED',
    message: 'the other participant of conversationId has blocked who asks',
    details,
  })
  expect(await told('zed')).toMatchObject({
    code: 'USER_NOT_FOUND',
    message: 'the other participant of conversationId is no registered user',
    details,
  })
})
