import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chatCommands } from '../../src/model-checking/chat-commands.js'
import { Disagreement } from '../../src/model-checking/compare.js'
import { runChat } from '../../src/model-checking/run-chat.js'
import type { CheckedStore, StoreUnderTest } from '../../src/model-checking/store-under-test.js'
import { underReference } from './stores.js'

/** The same store, with some of its calls replaced by wrong ones. */
type Fault = (store: CheckedStore) => Partial<CheckedStore>

const faults: readonly (readonly [name: string, fault: Fault])[] = [
  [
    'a repeat that is said to be new',
    (store) => ({
      sendMessage: async (request) => ({ ...(await store.sendMessage(request)), duplicate: false }),
    }),
  ],
  [
    'a send that is stored twice when it is repeated with another text',
    (store) => ({
      sendMessage: (request) =>
        store
          .sendMessage(request)
          .catch(() => store.sendMessage({ ...request, id: `${request.id ?? ''} again` })),
    }),
  ],
  [
    'an unread total that counts own messages',
    (store) => ({
      getUnread: async (user) => {
        const { total, conversations } = await store.getUnread(user)
        const { items } = await store.getConversations(user, { limit: 1 })
        return { total: total + (items[0]?.lastMessage?.sender === user ? 1 : 0), conversations }
      },
    }),
  ],
  [
    'a keyset cursor that skips what moved up',
    (store) => ({
      getConversations: async (user, { cursor, ...options } = {}) => {
        if (cursor === undefined) {
          const page = await store.getConversations(user, options)
          return { ...page, next: page.next && `${page.next}#${page.items.at(-1)?.activityAt ?? 0}` }
        }
        const [real = '', before = '0'] = cursor.split('#')
        const page = await store.getConversations(user, { ...options, cursor: real })
        const items = page.items.filter(({ activityAt }) => activityAt <= Number(before))
        return { items, next: page.next && `${page.next}#${items.at(-1)?.activityAt ?? 0}` }
      },
    }),
  ],
  [
    'since that is exclusive',
    (store) => ({
      getConversations: async (user, options = {}) => {
        const { items, next } = await store.getConversations(user, options)
        return { items: items.filter(({ activityAt }) => activityAt !== options.since), next }
      },
    }),
  ],
  [
    'history of a group from before joining',
    (store) => ({
      getMessages: async (user, ref, options) => {
        const page = await store.getMessages(user, ref, options)
        if (typeof ref !== 'string' || page.items.length > 0 || options?.limit !== 1000) return page
        const others = await store.groups.members(user, ref, {}).catch(() => ({ items: [] }))
        const [first = { userId: user }] = others.items
        return store.getMessages(first.userId, ref, options)
      },
    }),
  ],
  [
    'pages that miss a message when one arrives between them',
    (store) => ({
      getMessages: async (user, ref, options) => {
        const page = await store.getMessages(user, ref, options)
        return options?.cursor === undefined ? page : { ...page, items: page.items.slice(1) }
      },
    }),
  ],
  [
    'a feed without receipts',
    (store) => ({
      getChanges: async (user, options) => {
        const batch = await store.getChanges(user, options)
        return { ...batch, changes: batch.changes.filter(({ kind }) => kind !== 'read') }
      },
    }),
  ],
  [
    'a feed whose conversations have nothing unread',
    (store) => ({
      getChanges: async (user, options) => {
        const batch = await store.getChanges(user, options)
        const changes = batch.changes.map((change) =>
          change.kind === 'conversation'
            ? { ...change, conversation: { ...change.conversation, unread: 0 } }
            : change,
        )
        return { ...batch, changes }
      },
    }),
  ],
  [
    'a subscription that starts late',
    (store) => ({
      subscribe: (user, options) => ({
        async *[Symbol.asyncIterator]() {
          let count = 0
          for await (const change of store.subscribe(user, options)) if (count++ > 0) yield change
        },
      }),
    }),
  ],
  [
    'a mark that goes back',
    (store) => ({
      getReceipts: async (user, ref, options) =>
        (await store.getReceipts(user, ref, options)).map((receipt) => ({
          ...receipt,
          readSeq: Math.min(receipt.readSeq, 1),
        })),
    }),
  ],
  [
    'a block that nobody heeds',
    (store) => ({ contacts: { ...contactsOf(store), block: () => Promise.resolve() } }),
  ],
  [
    'a list of the blocked that has contacts only',
    (store) => ({
      contacts: {
        ...contactsOf(store),
        list: async (user, options = {}) => {
          const page = await store.contacts.list(user, options)
          if (options.blocked !== true) return page
          const listed = await store.contacts.list(user, { limit: 1000 })
          const known = new Set(listed.items.map(({ contactId }) => contactId))
          return { ...page, items: page.items.filter(({ contactId }) => known.has(contactId)) }
        },
      },
    }),
  ],
  [
    'an answer that tells whether a conversation exists',
    (store) => ({
      getConversation: (user, ref) =>
        ref === 'no such conversation' ? Promise.resolve(null) : store.getConversation(user, ref),
    }),
  ],
]

function contactsOf({ contacts }: CheckedStore): CheckedStore['contacts'] {
  return {
    add: (...args) => contacts.add(...args),
    remove: (...args) => contacts.remove(...args),
    list: (...args) => contacts.list(...args),
    block: (...args) => contacts.block(...args),
    unblock: (...args) => contacts.unblock(...args),
  }
}

function delegate(store: CheckedStore): CheckedStore {
  return {
    sendMessage: (...args) => store.sendMessage(...args),
    getConversations: (...args) => store.getConversations(...args),
    getMessages: (...args) => store.getMessages(...args),
    getConversation: (...args) => store.getConversation(...args),
    getMessage: (...args) => store.getMessage(...args),
    markDelivered: (...args) => store.markDelivered(...args),
    markRead: (...args) => store.markRead(...args),
    getUnread: (...args) => store.getUnread(...args),
    getReceipts: (...args) => store.getReceipts(...args),
    getChanges: (...args) => store.getChanges(...args),
    subscribe: (...args) => store.subscribe(...args),
    users: store.users,
    contacts: store.contacts,
    groups: store.groups,
    admin: store.admin,
    close: () => store.close(),
  }
}

function withFault(fault: Fault): StoreUnderTest {
  const under = underReference()
  return {
    clock: under.clock,
    patienceMs: 500,
    open: async () => {
      const store = await under.open()
      return { ...delegate(store), ...fault(store) }
    },
  }
}

describe('the model finds a planted fault', () => {
  test.each(faults)('%s', async (_, fault) => {
    const found = await fc.check(
      fc.asyncProperty(chatCommands(fc, { maxCommands: 60 }), async (commands) => {
        await runChat(fc, withFault(fault), commands)
      }),
      { numRuns: 100, endOnFailure: true },
    )
    expect(found.failed).toBe(true)
    expect(found.errorInstance).toBeInstanceOf(Error)
  })

  test('a fault that is found is named by what it shows', async () => {
    const found = await fc.check(
      fc.asyncProperty(chatCommands(fc), async (commands) => {
        await runChat(
          fc,
          withFault(() => ({ getUnread: () => Promise.resolve({ total: -1, conversations: 0 }) })),
          commands,
        )
      }),
      { endOnFailure: true },
    )
    expect(found.errorInstance).toBeInstanceOf(Disagreement)
    expect(String(found.errorInstance)).toContain('the unread total')
  })
})
