import { describe, expect, test } from 'vitest'
import { checkHistory } from '../../src/histories/check-history.js'
import type {
  FollowOperation,
  History,
  HistoryOperation,
  ListedConversation,
  ListOperation,
  MarkOperation,
  ReadOperation,
  SeenMessage,
  SendOperation,
} from '../../src/histories/history.js'

const conversationId = 'c'
const message = (seq: number, sender = 'a', id = `m${seq}`): SeenMessage => ({
  seq,
  id,
  sender,
  text: `text ${id}`,
  timestamp: 1000 + seq,
})
const stored = [message(1), message(2, 'b'), message(3)]

/** A send of the message that is at `seq` in the end. */
const send = (seq: number, call: number, end: number, given: Partial<SendOperation> = {}): SendOperation => {
  const { id, sender, text, timestamp } = stored[seq - 1] ?? message(seq)
  const outcome = { kind: 'acknowledged', seq, timestamp, duplicate: false } as const
  return { kind: 'send', client: sender, conversationId, sender, id, text, call, end, outcome, ...given }
}
const read = (
  call: number,
  end: number,
  messages: readonly SeenMessage[],
  limit: number | null = 50,
): ReadOperation => ({
  kind: 'read',
  client: 'r',
  user: 'a',
  conversationId,
  ...(limit === null ? {} : { limit }),
  call,
  end,
  messages: messages.toReversed(),
})
const row = (given: Partial<ListedConversation> = {}): ListedConversation => ({
  conversationId,
  headSeq: 3,
  readSeq: 0,
  unread: 1,
  lastSeq: 3,
  ...given,
})
const list = (
  call: number,
  conversations: readonly ListedConversation[],
  kind: 'list' | 'walk' = 'list',
  user = 'a',
): ListOperation => ({ kind, client: 'l', user, call, end: call + 1, conversations })
const mark = (call: number, seq: number): MarkOperation => ({
  kind: 'mark',
  client: 'a',
  user: 'a',
  conversationId,
  seq,
  call,
  end: call + 1,
})
const follow = (messages: readonly SeenMessage[], user = 'b'): FollowOperation => ({
  kind: 'follow',
  client: 'f',
  user,
  call: 1,
  end: 90,
  messages: messages.map((one) => ({ ...one, conversationId })),
})
const repeated = { kind: 'acknowledged', seq: 1, timestamp: 1001, duplicate: true } as const
const sends = [send(1, 10, 20), send(2, 21, 30), send(3, 31, 40)]

function history(operations: readonly HistoryOperation[], given: Partial<History> = {}): History {
  return {
    members: new Map([[conversationId, ['a', 'b']]]),
    operations,
    finals: ['a', 'b'].map((user) => ({ conversationId, user, messages: stored })),
    lists: [list(95, [row()]), list(97, [row({ unread: 2 })], 'list', 'b')],
    oneStore: true,
    atOnce: true,
    ...given,
  }
}

describe('a history in which all promises are kept', () => {
  test.each<[string, History]>([
    ['one after the other', history([...sends, read(50, 51, stored), list(60, [row()]), follow(stored)])],
    ['at the same time', history([send(1, 10, 50), send(2, 11, 40), send(3, 12, 30), read(20, 35, stored)])],
    [
      'unknown, and stored',
      history([send(1, 10, Infinity, { outcome: { kind: 'unknown' } }), ...sends.slice(1)]),
    ],
    [
      'unknown, and not stored',
      history([...sends, send(1, 50, Infinity, { id: 'lost', outcome: { kind: 'unknown' } })]),
    ],
    [
      'refused, repeated, stored',
      history([send(1, 5, 6, { outcome: { kind: 'refused', code: 'CLOSED' } }), ...sends]),
    ],
    ['repeated', history([...sends, send(1, 50, 60, { outcome: repeated })])],
    [
      'unknown, and then repeated',
      history([
        send(1, 10, Infinity, { outcome: { kind: 'unknown' } }),
        send(1, 11, 20, { outcome: repeated }),
        ...sends.slice(1),
      ]),
    ],
    ['a page as long as was asked for', history([...sends, read(50, 51, stored.slice(1), 2)])],
    ['a page of unknown limit', history([...sends, read(50, 51, stored.slice(1), null)])],
    [
      'read up to a mark',
      history([...sends, mark(50, 2), list(60, [row({ readSeq: 2, unread: 0 })])], {
        lists: [],
      }),
    ],
  ])('%s', (_, good) => {
    expect(checkHistory(good)).toEqual([])
  })
})

const other = message(3, 'a', 'm1')
const refused = { kind: 'refused', code: 'OVERLOADED' } as const

describe('a history in which a promise is broken', () => {
  test.each<[rule: string, what: string, History]>([
    ['exactly once', 'an acknowledged send is gone', history([...sends, send(4, 50, 60)])],
    [
      'exactly once',
      'an acknowledged send is at another seq',
      history([
        ...sends,
        send(1, 50, 60, { outcome: { kind: 'acknowledged', seq: 2, timestamp: 1002, duplicate: true } }),
      ]),
    ],
    ['exactly once', 'a send is new twice', history([...sends, send(1, 50, 60)])],
    [
      'exactly once',
      'the only attempt is a repeat',
      history([send(1, 10, 20, { outcome: repeated }), ...sends.slice(1)]),
    ],
    [
      'exactly once',
      'a repeat of what was refused',
      history([
        send(1, 5, 6, { outcome: { kind: 'refused', code: 'CLOSED' } }),
        send(1, 10, 20, { outcome: repeated }),
        ...sends.slice(1),
      ]),
    ],
    [
      'exactly once',
      'a repeat of what was called later',
      history([send(1, 10, 20, { outcome: repeated }), send(1, 21, 22), ...sends.slice(1)]),
    ],
    [
      'time',
      'acknowledged with another time than it has',
      history([
        ...sends,
        send(1, 50, 60, { outcome: { kind: 'acknowledged', seq: 1, timestamp: 1002, duplicate: true } }),
      ]),
    ],
    [
      'at most once',
      'a repeat is stored again',
      history(sends.slice(0, 2), {
        finals: [
          {
            conversationId,
            user: 'a',
            messages: [stored[0] as SeenMessage, stored[1] as SeenMessage, other],
          },
        ],
        lists: [],
      }),
    ],
    [
      'definite',
      'a refused send is stored',
      history([sends[0] as SendOperation, sends[1] as SendOperation, send(3, 31, 40, { outcome: refused })]),
    ],
    ['nothing of itself', 'a message that nobody sent', history(sends.slice(0, 2))],
    [
      'content',
      'another text than was sent',
      history([...sends.slice(0, 2), send(3, 31, 40, { text: 'something else' })]),
    ],
    [
      'real time',
      'a later send is before an earlier one',
      history([send(2, 10, 20), send(1, 21, 30), send(3, 31, 40)], { oneStore: false }),
    ],
    [
      'order of the calls',
      'numbered against the order of the calls',
      history([send(2, 10, 40), send(1, 11, 41), send(3, 12, 42)]),
    ],
    [
      'time',
      'the time of the store goes back',
      history(sends, {
        finals: [
          { conversationId, user: 'a', messages: [...stored.slice(0, 2), { ...message(3), timestamp: 1 }] },
        ],
        lists: [],
      }),
    ],
    [
      'same for all',
      'the other side has less',
      history(sends, {
        finals: [
          { conversationId, user: 'a', messages: stored },
          { conversationId, user: 'b', messages: stored.slice(0, 2) },
        ],
      }),
    ],
    [
      'same for all',
      'nobody looked for the other side',
      history(sends, { finals: [{ conversationId, user: 'a', messages: stored }] }),
    ],
    [
      'gapless',
      'a hole in the numbers',
      history(sends, {
        finals: [
          { conversationId, user: 'a', messages: [stored[0] as SeenMessage, stored[2] as SeenMessage] },
        ],
        lists: [],
      }),
    ],
    [
      'gapless',
      'a page with a hole',
      history([...sends, read(50, 51, [stored[0] as SeenMessage, stored[2] as SeenMessage])]),
    ],
    ['full page', 'a page that stops short', history([...sends, read(50, 51, stored.slice(2), 2)])],
    ['full page', 'a page with more than was asked for', history([...sends, read(50, 51, stored, 2)])],
    [
      'prefix',
      'a reader saw another message',
      history([...sends, read(50, 51, [...stored.slice(0, 2), other])]),
    ],
    [
      'acknowledged is visible',
      'a page without an acknowledged message',
      history([...sends, read(50, 51, stored.slice(0, 2))]),
    ],
    [
      'nothing of itself',
      'a page with a message from the future',
      history([...sends, read(5, 6, stored.slice(0, 1))]),
    ],
    [
      'never less',
      'a later reader sees less',
      history([
        send(1, 10, 90),
        send(2, 11, 91),
        send(3, 12, 92),
        read(20, 21, stored),
        read(22, 23, stored.slice(0, 1)),
      ]),
    ],
    ['recount', 'own messages counted as unread', history([...sends, list(50, [row({ unread: 3 })])])],
    ['recount', 'a list that shows an old message', history([...sends, list(50, [row({ lastSeq: 2 })])])],
    [
      'recount',
      'a list that ends below the head',
      history(sends, { lists: [list(95, [row({ headSeq: 2, lastSeq: 2 })])], atOnce: false }),
    ],
    ['cursor', 'a conversation twice in a walk', history([...sends, list(50, [row(), row()], 'walk')])],
    ['cursor', 'a conversation that a walk skips', history([...sends, list(50, [], 'walk')])],
    ['marks', 'a mark that was lost', history([...sends, mark(50, 2), list(60, [row()])])],
    ['marks', 'a mark that nobody made', history([...sends, list(60, [row({ readSeq: 3, unread: 0 })])])],
    [
      'feed',
      'a change that the feed leaves out',
      history([...sends, follow([stored[0] as SeenMessage, stored[2] as SeenMessage])]),
    ],
    ['feed', 'a change that comes twice', history([...sends, follow([...stored, message(3)])])],
    ['feed', 'a feed that ends too early', history([...sends, follow(stored.slice(0, 2))])],
    ['feed', 'a feed that begins too late', history([...sends, follow(stored.slice(1))])],
  ])('%s: %s', (rule, _, bad) => {
    expect(checkHistory(bad).map((violation) => violation.rule)).toContain(rule)
  })

  /** A message in another conversation, sent when all others had been acknowledged. */
  const elsewhere = (timestamp: number) => {
    const two = { ...message(1), text: 'text of another', id: 'n1', timestamp }
    const outcome = { kind: 'acknowledged', seq: 1, timestamp, duplicate: false } as const
    return { two, late: send(1, 50, 60, { conversationId: 'd', id: 'n1', text: 'text of another', outcome }) }
  }

  test.each([
    [1003, []],
    [1002, ['time']],
  ])('time: a later send elsewhere is of %i', (timestamp, rules) => {
    const { two, late } = elsewhere(timestamp)
    const finals = [
      { conversationId, user: 'a', messages: stored },
      { conversationId: 'd', user: 'a', messages: [two] },
    ]
    const members = new Map([conversationId, 'd'].map((id) => [id, ['a']]))
    const lists = [list(95, [row({ conversationId: 'd', headSeq: 1, lastSeq: 1, unread: 0 }), row()])]
    const found = checkHistory(history([...sends, late], { members, finals, lists }))
    expect(found.map(({ rule }) => rule)).toEqual(rules)
    if (rules.length > 0) expect(found[0]?.what).toMatch(/^d 1: its time 1002 is before 1003, that of c 3,/)
  })

  test('list order: an older conversation on top', () => {
    const { two, late } = elsewhere(1004)
    const lists = [list(95, [row(), row({ conversationId: 'd', headSeq: 1, lastSeq: 1, unread: 0 })])]
    const finals = [
      { conversationId, user: 'a', messages: stored },
      { conversationId: 'd', user: 'a', messages: [two] },
    ]
    const members = new Map([conversationId, 'd'].map((id) => [id, ['a']]))
    const found = checkHistory(history([...sends, late], { members, finals, lists }))
    expect(found.map(({ rule }) => rule)).toEqual(['list order'])
  })
})
