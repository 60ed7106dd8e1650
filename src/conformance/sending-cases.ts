import { deepStrictEqual as same, ok, strictEqual as is } from 'node:assert/strict'
import { directConversationId } from '../model/direct-conversation-id.js'
import { failsWith } from './checks.js'
import { storeCase } from './store-case.js'

export const sendingCases = [
  storeCase('a message is there for both when it is acknowledged and settled', async (bench) => {
    const { store } = bench
    const receipt = await bench.say('ada', 'bob', 'hello', 'one')
    const { timestamp } = receipt
    const conversationId = directConversationId('ada', 'bob')
    same(receipt, { conversationId, seq: 1, messageId: 'one', timestamp, duplicate: false })
    for (const user of ['ada', 'bob']) {
      same(await bench.texts(user, conversationId), ['hello'])
      const { items, next } = await store.getConversations(user)
      is(next, null)
      same(
        items.map(({ id, headSeq, unread, lastMessage }) => [id, headSeq, unread, lastMessage?.text]),
        [[conversationId, 1, user === 'bob' ? 1 : 0, 'hello']],
      )
    }
  }),

  storeCase('sends that nobody waited for are numbered in the order of the calls', async (bench) => {
    const { store } = bench
    const sent = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        store.sendMessage({
          sender: index % 2 === 0 ? 'ada' : 'bob',
          receiver: index % 2 === 0 ? 'bob' : 'ada',
          text: `text ${index + 1}`,
        }),
      ),
    )
    same(
      sent.map(({ seq }) => seq),
      Array.from({ length: 60 }, (_, index) => index + 1),
    )
    await bench.settle()
    const texts = Array.from({ length: 60 }, (_, index) => `text ${index + 1}`)
    for (const [user, peer] of [
      ['ada', 'bob'],
      ['bob', 'ada'],
    ] as const) {
      same(await bench.texts(user, { peer }, { after: 0, limit: 100 }), texts)
    }
  }),

  storeCase('a repeat gives the first receipt, twins in flight too', async (bench) => {
    const { store } = bench
    const request = { sender: 'ada', receiver: 'bob', text: 'once', id: 'key', attributes: { a: 1, b: [2] } }
    const twins = await Promise.all([1, 2, 3, 4].map(() => store.sendMessage(request)))
    same(
      twins.map(({ duplicate }) => duplicate),
      [false, true, true, true],
    )
    const again = await store.sendMessage({ ...request, timestamp: 5, attributes: { b: [2], a: 1 } })
    same(again, { ...twins[0], duplicate: true })
    await bench.settle()
    same(await bench.texts('bob', { peer: 'ada' }), ['once'])
    is((await bench.say('bob', 'ada', 'another sender, the same id', 'key')).seq, 2)
    is((await bench.say('ada', 'cleo', 'another conversation', 'key')).seq, 1)
  }),

  storeCase('a repeat with other content is refused, and stores nothing', async (bench) => {
    const { store } = bench
    await bench.say('ada', 'bob', 'one', 'key')
    const request = { sender: 'ada', receiver: 'bob', id: 'key' }
    await failsWith('IDEMPOTENCY_CONFLICT', () => store.sendMessage({ ...request, text: 'two' }))
    await failsWith('IDEMPOTENCY_CONFLICT', () =>
      store.sendMessage({ ...request, text: 'one', attributes: { a: 1 } }),
    )
    same(await bench.texts('bob', { peer: 'ada' }), ['one'])
  }),

  storeCase('a derived id is a key as well, and meets no given one', async (bench) => {
    const { store } = bench
    const request = { sender: 'ada', receiver: 'bob', text: 'x', timestamp: 1000, deviceId: 'phone' }
    const first = await store.sendMessage(request)
    same(await store.sendMessage(request), { ...first, duplicate: true })
    is((await store.sendMessage({ ...request, timestamp: 1001 })).duplicate, false)
    is((await store.sendMessage({ ...request, deviceId: 'tablet' })).duplicate, false)
    const given = await store.sendMessage({ sender: 'ada', receiver: 'bob', text: 'y', id: first.messageId })
    same([given.duplicate, given.messageId], [false, first.messageId])
  }),

  storeCase('a block refuses new messages, not repeats', async (bench) => {
    const { store } = bench
    const first = await bench.say('bob', 'ada', 'before', 'key')
    await store.contacts.block('ada', 'bob')
    await failsWith('BLOCKED', () => store.sendMessage({ sender: 'bob', receiver: 'ada', text: 'after' }))
    same(await bench.say('bob', 'ada', 'before', 'key'), { ...first, duplicate: true })
    is((await bench.say('ada', 'bob', 'the blocker writes')).seq, 2)
    await store.contacts.unblock('ada', 'bob')
    is((await bench.say('bob', 'ada', 'again')).seq, 3)
  }),

  storeCase('nobody reads, or finds out about, what is not theirs', async (bench) => {
    const { store } = bench
    const { conversationId } = await bench.say('ada', 'bob', 'secret')
    const group = await bench.group('ada', 'bob')
    for (const id of [conversationId, group, 'no such thing']) {
      await failsWith('NOT_A_MEMBER', () => store.getMessages('eve', id))
      await failsWith('NOT_A_MEMBER', () => store.getConversation('eve', id))
      await failsWith('NOT_A_MEMBER', () => store.markRead('eve', id))
      await failsWith('NOT_A_MEMBER', () =>
        store.sendMessage({ sender: 'eve', conversationId: id, text: 'x' }),
      )
    }
    same((await store.getMessages('eve', { peer: 'ada' })).items, [])
    is(await store.getConversation('eve', { peer: 'ada' }), null)
    same((await store.getConversations('eve')).items, [])
  }),

  storeCase('what is given back cannot be used to change the store', async (bench) => {
    const { store } = bench
    const attributes = { tags: ['x'] }
    const sending = store.sendMessage({ sender: 'ada', receiver: 'bob', text: 'x', attributes })
    attributes.tags.push('later')
    await sending
    await bench.settle()
    const [message] = (await store.getMessages('bob', { peer: 'ada' })).items
    ok(message !== undefined)
    same(message.attributes, { tags: ['x'] })
    ok(Object.isFrozen(message) && Object.isFrozen(message.attributes))
  }),
]
