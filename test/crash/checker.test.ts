import { expect, test } from 'vitest'
import type { MessageStore } from '../../src/api/message-store.js'
import { directConversationId } from '../../src/index.js'
import type { Message } from '../../src/model/message.js'
import { referenceStore } from '../fixtures/reference-store.js'
import { directSend, groupSend } from './crash-world.js'
import { beginHistory } from './history/begin-history.js'
import { checkStore } from './history/check-store.js'
import { History } from './history/history.js'
import type { JournalLine } from './journal.js'
import { perform } from './operation.js'
import type { Operation } from './operation.js'

// The checker that every crash is held against, held against stores and journals that are broken by hand.

const talk = directConversationId('a', 'ab')
const other = directConversationId('a', 'frank')
const group = 'group 1/1'
const operations: readonly Operation[] = [
  directSend('a', 'frank', 'x1'),
  directSend('a', 'ab', 'm1'),
  directSend('ab', 'a', 'm2'),
  { kind: 'create', conversation: group, creator: 'a', members: ['a', 'ab', 'frank'], title: 'title' },
  directSend('a', 'ab', 'm3'),
  groupSend('frank', group, 'g1'),
  { kind: 'mark', user: 'ab', conversation: talk, by: 'read', seq: 1 },
  { kind: 'block', user: 'frank', other: 'Zoë', blocked: true },
  { kind: 'contact', user: 'ab', other: 'a', alias: 'somebody' },
  { kind: 'profile', user: 'a', name: 'Ada' },
  directSend('a', 'ab', 'm4'),
]

/** Makes the calls, and returns the journal of it: two lines for each call. */
async function chat(store: MessageStore): Promise<JournalLine[]> {
  const lines: JournalLine[] = []
  for (const [n, operation] of operations.entries()) {
    const receipt = await perform(store, operation)
    lines.push({ line: 'call', n, operation }, { line: 'done', n, receipt })
  }
  return lines
}

interface Broken {
  /** Methods of the store that answer something else. */
  readonly store?: (store: MessageStore) => object
  readonly journal?: (lines: readonly JournalLine[]) => readonly JournalLine[]
}

async function check(broken: Broken): Promise<void> {
  const store = referenceStore()
  const history = new History()
  const feeds = await beginHistory(store, history)
  const lines = await chat(store)
  history.cycle = 1
  history.read(broken.journal?.(lines) ?? lines)
  const answers = broken.store?.(store) ?? {}
  const seen = new Proxy(store, {
    get(target, name) {
      const answer: unknown = Reflect.get(name in answers ? answers : target, name)
      return typeof answer === 'function' ? (answer as () => void).bind(target) : answer
    },
  })
  await checkStore(seen, history, feeds, 1)
}

/** Pages of the conversation are other ones, for these users. */
function pages(
  change: (items: readonly Message[]) => readonly Message[],
  { of = talk, users = ['a', 'ab', 'frank'] }: { of?: string; users?: readonly string[] } = {},
): Broken {
  return {
    store: (store) => ({
      async getMessages(...given: Parameters<MessageStore['getMessages']>) {
        const page = await store.getMessages(...given)
        const isMeant = page.items[0]?.conversationId === of && users.includes(given[0])
        return isMeant ? { ...page, items: change(page.items) } : page
      },
    }),
  }
}

type Changes = Awaited<ReturnType<MessageStore['getChanges']>>['changes']

/** The feed of ab is another one. */
function feed(change: (changes: Changes) => Changes): Broken {
  return {
    store: (store) => ({
      async getChanges(...given: Parameters<MessageStore['getChanges']>) {
        const page = await store.getChanges(...given)
        return given[0] === 'ab' ? { ...page, changes: change(page.changes) } : page
      },
    }),
  }
}

const isMessage = (seq: number) => (change: Changes[number]) =>
  change.kind === 'message' && change.message.conversationId === talk && change.message.seq === seq

/** The lines of the nth call go to another place. */
function callFirst(lines: readonly JournalLine[], n: number): JournalLine[] {
  const own = lines.filter((line) => 'n' in line && line.n === n)
  return [...own, ...lines.filter((line) => !own.includes(line))]
}

const last = operations.length - 1
const never = directSend('a', 'ab', 'm5')
const answered = (n: number, seq: number): JournalLine[] => [
  { line: 'call', n, operation: never },
  {
    line: 'done',
    n,
    receipt: { conversationId: talk, messageId: 'm5', seq, timestamp: 1, duplicate: false } as never,
  },
]

test('a store that keeps its promises is fine', async () => {
  await expect(check({})).resolves.toBeUndefined()
})

test.each<[what: string, found: RegExp, broken: Broken]>([
  ['a lost message', /m4 of .* was acknowledged at 4 and is gone/, pages((all) => all.slice(0, -1))],
  [
    'an acknowledgement of nothing',
    /m5 of .* is gone/,
    { journal: (lines) => [...lines, ...answered(99, 5)] },
  ],
  [
    'a message that is there twice',
    /message 5 .* is there twice/,
    pages((all) => [...all, { ...(all.at(-1) as Message), seq: 5 }]),
  ],
  ['a gap', /message 3 of .* stands at place 2/, pages((all) => all.filter(({ seq }) => seq !== 2))],
  [
    'a message that only one side sees',
    /a and ab see 4 and 3 messages/,
    pages((all) => all.slice(0, -1), { users: ['ab'] }),
  ],
  [
    'a member without a message',
    /frank does not see message 1/,
    pages(() => [], { of: group, users: ['frank'] }),
  ],
  [
    'another text',
    /message 2 of .* has another content/,
    pages((all) => all.map((one) => (one.seq === 2 ? { ...one, text: 'no' } : one))),
  ],
  [
    'a message that nobody sent',
    /message 5 of .* was never sent/,
    pages((all) => [...all, { ...(all.at(-1) as Message), seq: 5, id: 'm5' as never }]),
  ],
  [
    'time that goes back',
    /message 4 of .* is older than the one before it/,
    pages((all) => all.map((one) => (one.seq === 4 ? { ...one, timestamp: 1 } : one))),
  ],
  [
    'a refused message that is there',
    /was refused, or known to be missing, and is there/,
    {
      journal: (lines) => [
        ...lines.slice(0, -1),
        { line: 'refused', n: last, code: 'BLOCKED', definite: true },
      ],
    },
  ],
  [
    'two receipts for one message',
    /two receipts/,
    { journal: (lines) => [...lines, ...answered(98, 5), ...answered(99, 6)] },
  ],
  [
    'a repeat that was stored again',
    /stored twice/,
    { journal: (lines) => [...lines, ...answered(98, 5), ...answered(99, 5)] },
  ],
  [
    'messages in another order than their calls',
    /was called before the message in front of it/,
    { journal: (lines) => callFirst(lines, last) },
  ],
  [
    'a hole in what one process called',
    /m5 of .* is missing, and later calls of its process are there/,
    { journal: (lines) => [{ line: 'call', n: 99, operation: never }, ...lines] },
  ],
  [
    'a message that was shown and has gone',
    /ab was shown message 5 of .*, and it is gone/,
    {
      journal: (lines) => [...lines, { line: 'seen', user: 'ab', conversation: talk, seq: 5, id: 'm5' }],
    },
  ],
  [
    'a hole in the feed',
    /the feed of ab goes from 1 to 3/,
    feed((all) => all.filter((one) => !isMessage(2)(one))),
  ],
  [
    'a change that the feed tells twice',
    /the feed of ab tells of message 2 of .* after 2/,
    feed((all) => all.flatMap((one) => (isMessage(2)(one) ? [one, one] : [one]))),
  ],
  [
    'a feed that ends too early',
    /the feed of ab ends at 3 in .*, the list at 4/,
    feed((all) => all.filter((one) => !isMessage(4)(one))),
  ],
  [
    'a mark that was acknowledged and has gone',
    /ab in .*: read 1, delivered 1; acknowledged were/,
    {
      journal: (lines) => [
        ...lines,
        {
          line: 'call',
          n: 99,
          operation: { kind: 'mark', user: 'ab', conversation: talk, by: 'read', seq: 3 },
        },
        { line: 'done', n: 99, receipt: null },
      ],
    },
  ],
  [
    'a mark that nobody set',
    /nobody asked for more/,
    { journal: (lines) => lines.filter((line) => !('n' in line) || line.n !== 6) },
  ],
  [
    'a wrong sum of what is unread',
    /unread of ab: /,
    {
      store: (store) => ({
        async getUnread(user: string) {
          const { total, conversations } = await store.getUnread(user)
          return { total: total + 1, conversations }
        },
      }),
    },
  ],
  [
    'a list without a conversation',
    /the list of a lacks d\./,
    {
      store: (store) => ({
        async getConversations(...given: Parameters<MessageStore['getConversations']>) {
          const page = await store.getConversations(...given)
          return { ...page, items: page.items.filter(({ id }) => id !== other) }
        },
      }),
    },
  ],
  [
    'a list in another order',
    /the list of a is out of order|the list of a turns the order/,
    {
      store: (store) => ({
        async getConversations(...given: Parameters<MessageStore['getConversations']>) {
          const page = await store.getConversations(...given)
          return { ...page, items: [...page.items].reverse() }
        },
      }),
    },
  ],
  [
    'a forgotten name',
    /the name of a is a$/m,
    {
      store: (store) => ({
        users: { get: async (id: string) => ({ ...(await store.users.get(id)), name: id }) },
      }),
    },
  ],
  [
    'a repeat that is taken for new',
    /a repeat of m\d gave/,
    {
      store: (store) => ({
        sendMessage: async (request: Parameters<MessageStore['sendMessage']>[0]) => ({
          ...(await store.sendMessage(request)),
          duplicate: false,
        }),
      }),
    },
  ],
  [
    'what verify finds',
    /verify: .*planted/,
    { store: () => ({ admin: { verify: () => Promise.resolve({ ok: false, findings: ['planted'] }) } }) },
  ],
])('%s is found', async (_, found, broken) => {
  await expect(check(broken)).rejects.toThrow(found)
})
