import { describe, expect, test } from 'vitest'
import type { MessageStore } from '../../../src/api/message-store.js'
import { openMessageStore } from '../../../src/index.js'
import { referenceStore } from '../../fixtures/reference-store.js'

const thrown = new RangeError('the caller’s own')

function fail(): never {
  throw thrown
}

/** Objects that throw when they are looked at, each in another way. */
const unreadable: Record<string, (field: string, like: object) => object> = {
  'a getter': (field, like) =>
    Object.defineProperty(Array.isArray(like) ? [...(like as unknown[])] : { ...like }, field, {
      get: fail,
      enumerable: true,
    }),
  'a proxy without values': (_, like) => new Proxy(like, { get: fail }),
  'a proxy without names': (_, like) => new Proxy(like, { ownKeys: fail, has: fail, get: fail }),
  'a revoked proxy': (_, like) => {
    const { proxy, revoke } = Proxy.revocable(like, {})
    revoke()
    return proxy
  },
}

type Make = (field: string, like: object) => never

const calls: Record<string, (store: MessageStore, make: Make) => unknown> = {
  sendMessage: (store, make) => store.sendMessage(make('text', { sender: 'a', receiver: 'b', text: 'x' })),
  'sendMessage, attributes': (store, make) =>
    store.sendMessage({ sender: 'a', receiver: 'b', text: 'x', attributes: make('a', { a: 1 }) }),
  getConversations: (store, make) => store.getConversations('a', make('limit', { limit: 5 })),
  getMessages: (store, make) => store.getMessages('a', { peer: 'b' }, make('limit', { limit: 5 })),
  'getMessages, peer': (store, make) => store.getMessages('a', make('peer', { peer: 'b' })),
  'markRead, peer': (store, make) => store.markRead('a', make('peer', { peer: 'b' })),
  getReceipts: (store, make) => store.getReceipts('a', { peer: 'b' }, make('limit', { limit: 5 })),
  getChanges: (store, make) => store.getChanges('a', make('since', { since: 'x' })),
  subscribe: async (store, make) => store.subscribe('a', make('since', { since: 'x' })),
  'subscribe, signal': async (store, make) =>
    store.subscribe('a', { signal: make('aborted', { aborted: false }) }),
  'users.register': (store, make) => store.users.register(make('name', { id: 'a', name: 'A' })),
  'users.update': (store, make) => store.users.update('a', make('name', { name: 'A' })),
  'contacts.add': (store, make) => store.contacts.add('a', 'b', make('alias', { alias: 'A' })),
  'groups.create': (store, make) => store.groups.create(make('title', { creator: 'a', members: [] })),
  'groups.create, members': (store, make) => store.groups.create({ creator: 'a', members: make('0', ['b']) }),
  'groups.addMembers': (store, make) => store.groups.addMembers('a', 'g', make('0', ['b'])),
  'admin.verify': (store, make) => store.admin.verify(make('onProgress', { onProgress: fail })),
  openMessageStore: (_, make) => openMessageStore(make('location', { location: '/nowhere' })),
  'openMessageStore, cache': (_, make) =>
    openMessageStore({ location: '/nowhere', cache: make('maxBytes', { maxBytes: 1 }) }),
  'openMessageStore, limits': (_, make) =>
    openMessageStore({ location: '/nowhere', limits: make('textBytes', { textBytes: 1 }) }),
  'openMessageStore, durability': (_, make) =>
    openMessageStore({ location: '/nowhere', durability: make('intervalMs', { intervalMs: 1 }) }),
  'openMessageStore, components': (_, make) =>
    openMessageStore({ location: '/nowhere' }, make('clock', { clock: undefined })),
  'openMessageStore, a component': (_, make) =>
    openMessageStore({ location: '/nowhere' }, { random: make('bytes', { bytes: fail }) }),
}

test('a signal that could not be let go of again is refused', () => {
  const store = referenceStore()
  const signal = { aborted: false, addEventListener: () => {} } as unknown as AbortSignal
  expect(() => store.subscribe('a', { signal })).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  )
})

describe.each(Object.entries(unreadable))('%s', (_way, make) => {
  test.each(Object.entries(calls))(
    'in %s is INVALID_ARGUMENT, with what was thrown as its cause',
    async (_name, call) => {
      const store = referenceStore()
      const rejection = await Promise.resolve()
        .then(() => call(store, make as Make))
        .catch((error: unknown) => error)
      expect(rejection).toMatchObject({ name: 'ColumbaError', code: 'INVALID_ARGUMENT' })
      expect((rejection as Error).cause).toBeInstanceOf(Error)
      await store.close()
    },
  )
})
