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

test('a block on who does not exist any more can be lifted', async () => {
  const store = await registeredOnly()
  await expect(store.contacts.block('ann', 'zed')).rejects.toMatchObject(unknown)
  await store.contacts.unblock('bob', 'zed')
  await store.users.register({ id: 'zed', name: 'Zed' })
  await expect(store.sendMessage({ ...before, receiver: 'bob' })).resolves.toMatchObject({ seq: 1 })
})
