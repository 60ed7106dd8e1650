import { describe, expect, test } from 'vitest'
import type { MessageStore } from '../../../src/api/message-store.js'
import type { Backend } from '../../../src/backend/port.js'
import { ReferenceBackend } from '../../../src/backend/reference/reference-backend.js'
import { Gate } from '../../fixtures/gate.js'
import { referenceStore } from '../../fixtures/reference-store.js'

const calls: Readonly<Record<string, (store: MessageStore) => Promise<unknown>>> = {
  sendMessage: (store) => store.sendMessage({ sender: 'a', receiver: 'b', text: 'x' }),
  getConversations: (store) => store.getConversations('a'),
  getConversation: (store) => store.getConversation('a', { peer: 'b' }),
  getMessages: (store) => store.getMessages('a', { peer: 'b' }),
  getMessage: (store) => store.getMessage('a', { peer: 'b' }, 1),
  markRead: (store) => store.markRead('a', { peer: 'b' }),
  markDelivered: (store) => store.markDelivered('a', { peer: 'b' }, 1),
  getUnread: (store) => store.getUnread('a'),
  getReceipts: (store) => store.getReceipts('a', { peer: 'b' }),
  getChanges: (store) => store.getChanges('a'),
  subscribe: async (store) => store.subscribe('a').next(),
  'users.register': (store) => store.users.register({ id: 'c', name: 'C' }),
  'users.get': (store) => store.users.get('a'),
  'users.update': (store) => store.users.update('a', { name: 'B' }),
  'contacts.add': (store) => store.contacts.add('a', 'b'),
  'contacts.remove': (store) => store.contacts.remove('a', 'b'),
  'contacts.list': (store) => store.contacts.list('a'),
  'contacts.block': (store) => store.contacts.block('b', 'c'),
  'contacts.unblock': (store) => store.contacts.unblock('b', 'c'),
  'groups.create': (store) => store.groups.create({ creator: 'a', members: ['b'] }),
  'groups.addMembers': (store) => store.groups.addMembers('a', 'g', ['c']),
  'groups.removeMember': (store) => store.groups.removeMember('a', 'g', 'b'),
  'groups.rename': (store) => store.groups.rename('a', 'g', 't'),
  'groups.members': (store) => store.groups.members('a', 'g'),
  'admin.stats': (store) => store.admin.stats(),
  'admin.checkpoint': (store) => store.admin.checkpoint(),
  'admin.verify': (store) => store.admin.verify(),
}

async function opened(backend: Backend = new ReferenceBackend()): Promise<MessageStore> {
  const store = referenceStore({ backend })
  await store.users.register({ id: 'a', name: 'A' })
  await store.groups.create({ creator: 'a', members: ['b'], id: 'g' })
  await store.sendMessage({ sender: 'a', receiver: 'b', text: 'x' })
  return store
}

/** What a backend says at once, and what ends it. */
const atOnce = new Set<PropertyKey>([
  'capabilities',
  'direct',
  'conversation',
  'hold',
  'refusal',
  'token',
  'positionOf',
  'watch',
  'newMessageId',
  'close',
] satisfies (keyof Backend)[])

/** A backend that does nothing else while `wait` does not resolve. */
function waitingBackend(wait: () => Promise<void>): Backend {
  return new Proxy<Backend>(new ReferenceBackend(), {
    get: (backend, name) => {
      const given: unknown = Reflect.get(backend, name, backend)
      if (typeof given !== 'function') return given
      const method = (given as (...args: unknown[]) => unknown).bind(backend)
      return atOnce.has(name) ? method : (...args: unknown[]) => wait().then(() => method(...args))
    },
  })
}

test.each(Object.keys(calls).filter((name) => name !== 'subscribe'))(
  '%s that began before the store closes is finished first',
  async (name) => {
    const call = calls[name] as (store: MessageStore) => Promise<unknown>
    const gate = new Gate()
    let isHeld = false
    const store = await opened(waitingBackend(() => (isHeld ? gate.opened : Promise.resolve())))
    isHeld = true
    const ended: string[] = []
    const called = call(store).then(() => ended.push('call'))
    const closing = store.close().then(() => ended.push('close'))
    await new Promise((resolve) => void setImmediate(resolve))
    expect(ended).toEqual([])
    gate.open()
    await Promise.all([called, closing])
    expect(ended).toEqual(['call', 'close'])
  },
)

test.each(Object.keys(calls))('%s is CLOSED while the store closes and afterwards', async (name) => {
  const call = calls[name] as (store: MessageStore) => Promise<unknown>
  const store = await opened()
  const closing = store.close()
  await expect(call(store)).rejects.toMatchObject({ code: 'CLOSED', kind: 'closed' })
  await closing
  await expect(call(store)).rejects.toMatchObject({ code: 'CLOSED' })
})

describe('close', () => {
  test('is idempotent, and also what disposing does', async () => {
    const store = await opened()
    const first = store.close()
    await expect(Promise.all([first, store.close(), store[Symbol.asyncDispose]()])).resolves.toHaveLength(3)
    await expect(store.close()).resolves.toBeUndefined()
  })

  test('drains what was accepted, in the lanes too', async () => {
    const cold = new Gate()
    const backend = new ReferenceBackend()
    const load = backend.load.bind(backend)
    // Every conversation is cold: its sends wait in its lane.
    const slowly = (...given: Parameters<typeof load>) => cold.opened.then(() => load(...given))
    Object.assign(backend, { load: slowly })
    const store = referenceStore({ backend })
    const receipts = Promise.all(
      ['1', '2', '3'].map((text) => store.sendMessage({ sender: 'eve', receiver: 'bob', text })),
    )
    const closing = store.close()
    cold.open()
    expect((await receipts).map(({ seq }) => seq)).toEqual([1, 2, 3])
    await closing
  })

  test('ends subscriptions', async () => {
    const store = await opened()
    const next = store.subscribe('a').next()
    await store.close()
    await expect(next).resolves.toEqual({ done: true, value: undefined })
  })

  test('releases, and answers who waits, whatever the signal of a subscription does', async () => {
    const store = await opened()
    const signal = new AbortController().signal
    signal.removeEventListener = () => {
      throw new Error('of the signal itself')
    }
    const next = store.subscribe('a', { signal }).next()
    const other = store.subscribe('b').next()
    await expect(store.close()).resolves.toBeUndefined()
    await expect(Promise.all([next, other])).resolves.toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ])
  })
})
