import { describe, expect, test } from 'vitest'
import { ReferenceBackend } from '../../../src/backend/reference/reference-backend.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'
import { Gate } from '../../fixtures/gate.js'
import { referenceStore } from '../../fixtures/reference-store.js'

const ada = 'ada'
const bob = 'bob'

describe('a send', () => {
  test('begins the direct conversation of two users and numbers from 1', async () => {
    const store = referenceStore()
    const receipts = await Promise.all(
      ['one', 'two', 'three'].map((text) => store.sendMessage({ sender: ada, receiver: bob, text })),
    )
    expect(receipts.map(({ seq }) => seq)).toEqual([1, 2, 3])
    expect(receipts[0]?.conversationId).toBe(directConversationId(bob, ada))
    expect(receipts[0]?.duplicate).toBe(false)
    const page = await store.getMessages(bob, { peer: ada })
    expect(page.items.map(({ text }) => text)).toEqual(['three', 'two', 'one'])
  })

  test('by id needs a conversation that has begun, and a participant', async () => {
    const store = referenceStore()
    const id = directConversationId(ada, bob)
    const send = (sender: string) => store.sendMessage({ sender, conversationId: id, text: 'x' })
    await expect(send(ada)).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
    await expect(store.getMessages(ada, { peer: bob })).resolves.toEqual({ items: [], next: null })
    await expect(send(ada)).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
    await store.sendMessage({ sender: ada, receiver: bob, text: 'first' })
    await expect(send(bob)).resolves.toMatchObject({ seq: 2 })
    await expect(send('eve')).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
    await expect(
      store.sendMessage({ sender: ada, conversationId: 'nowhere', text: 'x' }),
    ).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
  })

  test('takes what it was given at the call', async () => {
    const store = referenceStore()
    const attributes = { b: [1], a: 'x' }
    const sent = store.sendMessage({ sender: ada, receiver: bob, text: 'x', attributes })
    attributes.b.push(2)
    attributes.a = 'changed'
    const { seq } = await sent
    const message = await store.getMessage(bob, { peer: ada }, seq)
    expect(message.attributes).toEqual({ a: 'x', b: [1] })
  })

  test('to oneself is never unread', async () => {
    const store = referenceStore()
    await store.sendMessage({ sender: ada, receiver: ada, text: 'note' })
    expect(await store.getUnread(ada)).toEqual({ total: 0, conversations: 0 })
    expect(await store.getConversation(ada, { peer: ada })).toMatchObject({
      peer: ada,
      unread: 0,
      headSeq: 1,
    })
    expect(await store.getReceipts(ada, { peer: ada })).toHaveLength(1)
  })

  test('in a group is for its present members', async () => {
    const store = referenceStore()
    const { id } = await store.groups.create({ creator: ada, members: [bob], title: 'g' })
    const say = (sender: string, text: string, messageId: string) =>
      store.sendMessage({ sender, conversationId: id, text, id: messageId })
    await expect(say(bob, 'hello', 'b1')).resolves.toMatchObject({ seq: 1 })
    await expect(say('eve', 'hello', 'e1')).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
    await store.groups.removeMember(bob, id, bob)
    await expect(say(bob, 'again', 'b2')).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
    // The key is looked up before anything is refused.
    await expect(say(bob, 'hello', 'b1')).resolves.toMatchObject({ seq: 1, duplicate: true })
  })
})

describe('a repeat', () => {
  test('gives the first receipt, whatever has changed since', async () => {
    const store = referenceStore()
    const request = { sender: bob, receiver: ada, text: 'x', id: 'm', attributes: { a: 1, b: 2 } }
    const first = await store.sendMessage({ ...request, timestamp: 5 })
    await store.contacts.block(ada, bob)
    await expect(store.sendMessage({ ...request, id: 'n' })).rejects.toMatchObject({ code: 'BLOCKED' })
    const repeat = { ...request, attributes: { b: 2, a: 1 }, timestamp: 7 }
    expect(await store.sendMessage(repeat)).toEqual({ ...first, duplicate: true })
    const { conversationId } = first
    expect(
      await store.sendMessage({
        sender: bob,
        conversationId,
        text: 'x',
        id: 'm',
        attributes: { a: 1, b: 2 },
      }),
    ).toEqual({ ...first, duplicate: true })
    expect((await store.getMessages(ada, { peer: bob })).items).toMatchObject([{ sentAt: 5 }])
  })

  test('with other content is a conflict', async () => {
    const store = referenceStore()
    const request = { sender: ada, receiver: bob, text: 'x', id: 'm' }
    await store.sendMessage(request)
    for (const other of [{ text: 'y' }, { attributes: null }, { attributes: {} }]) {
      await expect(store.sendMessage({ ...request, ...other })).rejects.toMatchObject({
        code: 'IDEMPOTENCY_CONFLICT',
      })
    }
  })

  test('waits for its twin in flight', async () => {
    const disk = new Gate()
    const store = referenceStore({ backend: new ReferenceBackend({ persist: () => disk.opened }) })
    const request = { sender: ada, receiver: bob, text: 'x', id: 'm' }
    let answered = false
    const first = store.sendMessage(request)
    const twin = store.sendMessage(request).finally(() => {
      answered = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(answered).toBe(false)
    disk.open()
    expect(await twin).toEqual({ ...(await first), duplicate: true })
  })
})

describe('ids that are derived', () => {
  const derived = { sender: ada, receiver: bob, timestamp: 1, deviceId: 'd' }

  test('come from sender, time and device', async () => {
    const store = referenceStore()
    const first = await store.sendMessage({ ...derived, text: 'x' })
    expect(await store.sendMessage({ ...derived, text: 'x' })).toEqual({ ...first, duplicate: true })
    for (const other of [{ timestamp: 2 }, { deviceId: 'e' }, { sender: bob, receiver: ada }]) {
      const receipt = await store.sendMessage({ ...derived, ...other, text: 'x' })
      expect(receipt.duplicate).toBe(false)
      expect(receipt.messageId).not.toBe(first.messageId)
    }
  })

  test('never meet a given id, though it looks the same', async () => {
    const store = referenceStore()
    const { messageId } = await store.sendMessage({ ...derived, text: 'derived' })
    const given = await store.sendMessage({ sender: ada, receiver: bob, id: messageId, text: 'given' })
    expect(given).toMatchObject({ seq: 2, messageId, duplicate: false })
    const twice = await store.sendMessage({ sender: ada, receiver: bob, id: `~${messageId}`, text: 'twice' })
    expect(twice).toMatchObject({ seq: 3, messageId: `~${messageId}` })
    const { items } = await store.getMessages(bob, { peer: ada })
    expect(items.map(({ id }) => id)).toEqual([`~${messageId}`, messageId, messageId])
    expect((await store.getConversation(bob, { peer: ada }))?.lastMessage?.id).toBe(`~${messageId}`)
    const repeat = await store.sendMessage({ sender: ada, receiver: bob, id: messageId, text: 'given' })
    expect(repeat).toEqual({ ...given, duplicate: true })
  })

  test.each([{ timestamp: 1 }, { timestamp: 0 }, { deviceId: 'd' }, {}])(
    'are new without a device or a time: %o',
    async (given) => {
      const store = referenceStore()
      const send = () => store.sendMessage({ sender: ada, receiver: bob, text: 'x', ...given })
      const [first, second] = [await send(), await send()]
      expect(second).toMatchObject({ seq: 2, duplicate: false })
      expect(first.messageId).not.toBe(second.messageId)
    },
  )
})

test('in registered mode both have to be registered, and a repeat is answered all the same', async () => {
  const backend = new ReferenceBackend()
  const request = { sender: ada, receiver: bob, text: 'x', id: 'm' }
  await referenceStore({ backend }).sendMessage(request)
  const store = referenceStore({ backend, usersMode: 'registered' })
  await expect(store.sendMessage(request)).resolves.toMatchObject({ duplicate: true })
  await expect(store.sendMessage({ ...request, id: 'n' })).rejects.toMatchObject({ code: 'USER_NOT_FOUND' })
  await store.users.register({ id: ada, name: 'Ada' })
  await expect(store.sendMessage({ ...request, id: 'n' })).rejects.toMatchObject({ code: 'USER_NOT_FOUND' })
  await expect(store.getConversations(bob)).rejects.toMatchObject({ code: 'USER_NOT_FOUND' })
  await store.users.register({ id: bob, name: 'Bob' })
  await expect(store.sendMessage({ ...request, id: 'n' })).resolves.toMatchObject({ seq: 2 })
})
