import { expect, test } from 'vitest'
import { MessageStore } from '../../src/api/message-store.js'
import { ReferenceBackend } from '../../src/backend/reference/reference-backend.js'
import { checkHistory } from '../../src/histories/check-history.js'
import { recordHistory } from '../../src/histories/traffic.js'
import { resolveLimits } from '../../src/limits.js'
import { ManualClock } from '../../src/model-checking/manual-clock.js'
import type { CheckedStore } from '../../src/model-checking/store-under-test.js'

type Break = (store: CheckedStore) => Partial<CheckedStore>

/** The store in memory, with some of its calls replaced by wrong ones. */
async function violationsOf(broken: Break): Promise<string[]> {
  const clock = new ManualClock()
  const settings = { limits: resolveLimits(), clock, usersMode: 'open' } as const
  const host = {
    atOnce: true,
    open: () => {
      const store: CheckedStore = new MessageStore(new ReferenceBackend({ clock }), settings)
      const wrong = new Map(Object.entries(broken(store)))
      return Promise.resolve(
        new Proxy(store, {
          get(target, name) {
            if (typeof name === 'string' && wrong.has(name)) return wrong.get(name)
            const value: unknown = Reflect.get(target, name)
            return typeof value === 'function' ? (value.bind(target) as unknown) : value
          },
        }),
      )
    },
  }
  const history = await recordHistory(host, { seed: 3, callsPerClient: 30 })
  return checkHistory(history).map(({ rule }) => rule)
}

let sends = 0

const breaks: readonly (readonly [rule: string, what: string, broken: Break])[] = [
  [
    'exactly once',
    'a message acknowledged and not stored',
    (store) => ({
      sendMessage: async (request) => {
        sends += 1
        if (sends % 20 > 0) return store.sendMessage(request)
        const { seq, ...receipt } = await store.sendMessage({ ...request, id: `${request.id ?? ''} lost` })
        return { ...receipt, seq: seq + 1_000_000 }
      },
    }),
  ],
  [
    'at most once',
    'a repeat that is stored again',
    (store) => ({
      sendMessage: async (request) => {
        const receipt = await store.sendMessage(request)
        if (receipt.duplicate) await store.sendMessage({ ...request, id: `${request.id ?? ''} ` })
        return receipt
      },
      getMessages: async (user, ref, options) => {
        const page = await store.getMessages(user, ref, options)
        return { ...page, items: page.items.map((one) => Object.assign({}, one, { id: one.id.trim() })) }
      },
    }),
  ],
  [
    'acknowledged is visible',
    'a page that is late',
    (store) => ({
      getMessages: async (user, ref, options) => {
        const page = await store.getMessages(user, ref, options)
        return options?.limit === undefined || options.after !== undefined
          ? page
          : { ...page, items: page.items.slice(1) }
      },
    }),
  ],
  [
    'full page',
    'a page that stops short',
    (store) => ({
      getMessages: async (user, ref, options) => {
        const page = await store.getMessages(user, ref, options)
        return options?.after !== undefined ? page : { ...page, items: page.items.slice(0, 1) }
      },
    }),
  ],
  [
    'time',
    'a receipt with a time of its own',
    (store) => ({
      sendMessage: async (request) => {
        const { timestamp, ...receipt } = await store.sendMessage(request)
        return { ...receipt, timestamp: timestamp + 1 }
      },
    }),
  ],
  [
    'time',
    'conversations each with a time of its own',
    (store) => {
      const shifted = <T extends { readonly conversationId: string; readonly timestamp: number }>(
        one: T,
      ): T => ({
        ...one,
        timestamp: one.timestamp + (one.conversationId.charCodeAt(2) % 8) * 1000,
      })
      return {
        sendMessage: async (request) => shifted(await store.sendMessage(request)),
        getMessages: async (user, ref, options) => {
          const page = await store.getMessages(user, ref, options)
          return { ...page, items: page.items.map(shifted) }
        },
        getChanges: async (user, options) => {
          const page = await store.getChanges(user, options)
          const changes = page.changes.map((change) =>
            change.kind === 'message' ? { ...change, message: shifted(change.message) } : change,
          )
          return { ...page, changes }
        },
      }
    },
  ],
  [
    'exactly once',
    'a first receipt that says it is a repeat',
    (store) => ({
      sendMessage: async (request) => ({ ...(await store.sendMessage(request)), duplicate: true }),
    }),
  ],
  [
    'cursor',
    'a walk that skips',
    (store) => ({
      getConversations: async (user, options) => {
        const page = await store.getConversations(user, options)
        return options?.cursor === undefined ? page : { ...page, items: page.items.slice(1) }
      },
    }),
  ],
  [
    'feed',
    'a feed that skips',
    (store) => ({
      getChanges: async (user, options) => {
        const page = await store.getChanges(user, options)
        return { ...page, changes: page.changes.filter((_, i) => i !== 5) }
      },
    }),
  ],
]

test('the store that is not broken passes', async () => {
  expect(await violationsOf(() => ({}))).toEqual([])
})

test.each(breaks)('%s: %s', async (rule, _, broken) => {
  expect(await violationsOf(broken)).toContain(rule)
})
