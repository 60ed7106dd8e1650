import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MessageStore } from '../../src/api/message-store.js'
import { openMessageStore } from '../../src/api/open.js'
import { ReferenceBackend } from '../../src/backend/reference/reference-backend.js'
import { isColumbaError } from '../../src/errors.js'
import type { ErrorCode } from '../../src/errors.js'
import { resolveLimits } from '../../src/limits.js'
import { dumpStore } from '../../src/model-checking/dump-store.js'
import { systemClock } from '../../src/platform/clock.js'

/** The table "Input that must be survived" of the contract: each row is tried at every place of every call that has one. */

type Place = 'id' | 'text' | 'number' | 'json' | 'options' | 'ids' | 'flag' | 'string'
type Row = readonly [name: string, value: unknown, codes: readonly ErrorCode[]]

const invalid: readonly ErrorCode[] = ['INVALID_ARGUMENT']
const large: readonly ErrorCode[] = ['TOO_LARGE']

/** A wrong type of any kind. */
const noString: readonly Row[] = [
  ['null', null, invalid],
  ['a number', 7, invalid],
  ['an array', ['a'], invalid],
  ['an object with toString', { toString: () => 'a' }, invalid],
  ['a String object', Object('a'), invalid],
]

function cycle(): unknown {
  const self: Record<string, unknown> = {}
  self['self'] = self
  return self
}

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level++) value = [value]
  return value
}

const badIds: readonly Row[] = [
  ...noString,
  ['empty', '', invalid],
  ['a lone high surrogate', 'a\ud800', invalid],
  ['a lone low surrogate', '\udc00a', invalid],
  ['257 bytes', 'x'.repeat(257), invalid],
  ['257 bytes in 129 characters', `x${'é'.repeat(128)}`, invalid],
  ['10 million characters', 'x'.repeat(10_000_000), invalid],
]

const rows: Readonly<Record<Place, readonly Row[]>> = {
  id: badIds,
  text: [
    ...noString,
    ['a lone surrogate', 'a\udfff', invalid],
    ['a byte too long', 'x'.repeat(64 * 1024 + 1), large],
    ['too long by bytes, not by characters', 'é'.repeat(32 * 1024 + 1), large],
    ['100 million characters', 'x'.repeat(100_000_000), large],
  ],
  string: [
    ...noString,
    ['a lone surrogate', 'a\udfff', invalid],
    ['far too long', 'x'.repeat(100_000), [...invalid, ...large]],
  ],
  number: [
    ['NaN', Number.NaN, invalid],
    ['Infinity', Number.POSITIVE_INFINITY, invalid],
    ['-Infinity', Number.NEGATIVE_INFINITY, invalid],
    ['a fraction', 1.5, invalid],
    ['a negative', -1, invalid],
    ['beyond the safe integers', 2 ** 53, invalid],
    ['1e21', 1e21, invalid],
    ['a string', '1', invalid],
    ['a BigInt', 1n, invalid],
    ['null', null, invalid],
    ['a Number object', Object(1), invalid],
  ],
  json: [
    ['a cycle', cycle(), invalid],
    ['a function', () => 1, invalid],
    ['a function inside', { f: () => 1 }, invalid],
    ['a BigInt', 1n, invalid],
    ['a BigInt inside', [1n], invalid],
    ['a symbol', Symbol('s'), invalid],
    ['a symbol inside', [Symbol('s')], invalid],
    ['NaN inside', { n: Number.NaN }, invalid],
    ['Infinity inside', [Number.POSITIVE_INFINITY], invalid],
    ['a date', new Date(0), invalid],
    ['a map', new Map(), invalid],
    ['a named property of an array', Object.assign([1], { name: 1 }), invalid],
    ['a symbol as a key of an array', [Object.assign([1], { [Symbol('s')]: 1 })], invalid],
    ['an array with a class', new (class extends Array<number> {})(1, 2), invalid],
    ['a lone surrogate', ['\ud800'], invalid],
    ['a lone surrogate in a key', { '\ud800': 1 }, invalid],
    ['too deep', nested(33), [...large, ...invalid]],
    ['far too deep', nested(100_000), [...large, ...invalid]],
    ['too many bytes', 'x'.repeat(17 * 1024), large],
  ],
  options: [
    ['an unknown name', { surprise: 1 }, invalid],
    ['a symbol as a name', { [Symbol('limit')]: 1 }, invalid],
    ['null', null, invalid],
    ['a string', 'limit', invalid],
    ['a number', 1, invalid],
  ],
  ids: [
    ['no array', 'a', invalid],
    ['null', null, invalid],
    ['an object', { length: 1, 0: 'a' }, invalid],
    ['1,001 ids', Array.from({ length: 1001 }, (_, index) => `u${index}`), [...large, ...invalid]],
    ...badIds.map(([name, value, codes]): Row => [`an id in it: ${name}`, ['fine', value], codes]),
  ],
  flag: [
    ['a string', 'true', invalid],
    ['a number', 1, invalid],
    ['null', null, invalid],
  ],
}

const me = 'me'
const you = 'you'
const group = 'group'

type Spot = readonly [name: string, place: Place, call: (store: MessageStore, bad: never) => unknown]

function send(store: MessageStore, field: object): unknown {
  return store.sendMessage({ sender: me, receiver: you, text: 'x', ...field })
}

/** `conversation` may be an id or `{ peer }`; both are places for an id. */
function refSpots(
  name: string,
  call: (store: MessageStore, user: never, ref: never) => unknown,
): readonly Spot[] {
  return [
    [`${name}(user)`, 'id', (store, bad) => call(store, bad, group as never)],
    [`${name}({ peer })`, 'id', (store, bad) => call(store, me as never, { peer: bad } as never)],
    [`${name}({ peer, … })`, 'options', (store, bad) => call(store, me as never, badPeer(bad) as never)],
  ]
}

/** A reference by peer with an unknown name in it; what is no object is none of the forms of a reference. */
function badPeer(bad: unknown): unknown {
  if (typeof bad === 'string') return [bad]
  return typeof bad === 'object' && bad !== null ? { peer: you, ...bad } : bad
}

function optionSpots(
  name: string,
  numbers: readonly string[],
  call: (store: MessageStore, options: never) => unknown,
): Spot[] {
  return [
    [`${name} options`, 'options', call],
    ...numbers.map((field): Spot => [
      `${name} ${field}`,
      'number',
      (store, bad) => call(store, { [field]: bad } as never),
    ]),
  ]
}

const spots: readonly Spot[] = [
  [
    'sendMessage(request)',
    'options',
    (store, bad) => (bad === null || typeof bad !== 'object' ? store.sendMessage(bad) : send(store, bad)),
  ],
  ['sendMessage sender', 'id', (store, bad) => send(store, { sender: bad })],
  ['sendMessage receiver', 'id', (store, bad) => send(store, { receiver: bad })],
  [
    'sendMessage conversationId',
    'id',
    (store, bad) => store.sendMessage({ sender: me, conversationId: bad, text: '' }),
  ],
  ['sendMessage id', 'id', (store, bad) => send(store, { id: bad })],
  ['sendMessage deviceId', 'id', (store, bad) => send(store, { deviceId: bad })],
  ['sendMessage text', 'text', (store, bad) => send(store, { text: bad })],
  ['sendMessage timestamp', 'number', (store, bad) => send(store, { timestamp: bad })],
  ['sendMessage attributes', 'json', (store, bad) => send(store, { attributes: bad })],
  ['getConversations(user)', 'id', (store, bad) => store.getConversations(bad)],
  ...optionSpots('getConversations', ['limit', 'start', 'since'], (store, options) =>
    store.getConversations(me, options),
  ),
  ['getConversations unreadOnly', 'flag', (store, bad) => store.getConversations(me, { unreadOnly: bad })],
  ['getConversations cursor', 'string', (store, bad) => store.getConversations(me, { cursor: bad })],
  ...refSpots('getMessages', (store, user, ref) => store.getMessages(user, ref)),
  ...optionSpots('getMessages', ['limit', 'offset', 'before', 'after', 'around'], (store, options) =>
    store.getMessages(me, group, options),
  ),
  ['getMessages cursor', 'string', (store, bad) => store.getMessages(me, group, { cursor: bad })],
  ...refSpots('getConversation', (store, user, ref) => store.getConversation(user, ref)),
  ...refSpots('getMessage', (store, user, ref) => store.getMessage(user, ref, 1)),
  ['getMessage seq', 'number', (store, bad) => store.getMessage(me, group, bad)],
  ...refSpots('markDelivered', (store, user, ref) => store.markDelivered(user, ref, 1)),
  ['markDelivered seq', 'number', (store, bad) => store.markDelivered(me, group, bad)],
  ...refSpots('markRead', (store, user, ref) => store.markRead(user, ref)),
  ['markRead seq', 'number', (store, bad) => store.markRead(me, group, bad)],
  ['getUnread(user)', 'id', (store, bad) => store.getUnread(bad)],
  ...refSpots('getReceipts', (store, user, ref) => store.getReceipts(user, ref)),
  ...optionSpots('getReceipts', ['limit'], (store, options) => store.getReceipts(me, group, options)),
  ['getChanges(user)', 'id', (store, bad) => store.getChanges(bad)],
  ...optionSpots('getChanges', ['limit'], (store, options) => store.getChanges(me, options)),
  ['getChanges since', 'string', (store, bad) => store.getChanges(me, { since: bad })],
  ['subscribe(user)', 'id', (store, bad) => first(() => store.subscribe(bad))],
  ['subscribe options', 'options', (store, bad) => first(() => store.subscribe(me, bad))],
  ['subscribe since', 'string', (store, bad) => first(() => store.subscribe(me, { since: bad }))],
  [
    'users.register',
    'options',
    (store, bad) =>
      store.users.register(
        typeof bad === 'object' && bad !== null ? { id: me, name: 'x', ...(bad as object) } : bad,
      ),
  ],
  ['users.register id', 'id', (store, bad) => store.users.register({ id: bad, name: 'x' })],
  ['users.register name', 'string', (store, bad) => store.users.register({ id: 'new', name: bad })],
  [
    'users.register profile',
    'json',
    (store, bad) => store.users.register({ id: 'new', name: 'x', profile: bad }),
  ],
  ['users.get', 'id', (store, bad) => store.users.get(bad)],
  ['users.update(id)', 'id', (store, bad) => store.users.update(bad, { name: 'x' })],
  ['users.update name', 'string', (store, bad) => store.users.update(me, { name: bad })],
  ['users.update profile', 'json', (store, bad) => store.users.update(me, { profile: bad })],
  ['users.update', 'options', (store, bad) => store.users.update(me, bad)],
  ['contacts.add(user)', 'id', (store, bad) => store.contacts.add(bad, you)],
  ['contacts.add(contact)', 'id', (store, bad) => store.contacts.add(me, bad)],
  ['contacts.add options', 'options', (store, bad) => store.contacts.add(me, you, bad)],
  ['contacts.add alias', 'string', (store, bad) => store.contacts.add(me, you, { alias: bad })],
  ['contacts.remove(user)', 'id', (store, bad) => store.contacts.remove(bad, you)],
  ['contacts.remove(contact)', 'id', (store, bad) => store.contacts.remove(me, bad)],
  ['contacts.list(user)', 'id', (store, bad) => store.contacts.list(bad)],
  ...optionSpots('contacts.list', ['limit'], (store, options) => store.contacts.list(me, options)),
  ['contacts.list blocked', 'flag', (store, bad) => store.contacts.list(me, { blocked: bad })],
  ['contacts.list cursor', 'string', (store, bad) => store.contacts.list(me, { cursor: bad })],
  ['contacts.block(user)', 'id', (store, bad) => store.contacts.block(bad, you)],
  ['contacts.block(other)', 'id', (store, bad) => store.contacts.block(me, bad)],
  ['contacts.unblock(user)', 'id', (store, bad) => store.contacts.unblock(bad, you)],
  ['contacts.unblock(other)', 'id', (store, bad) => store.contacts.unblock(me, bad)],
  [
    'groups.create',
    'options',
    (store, bad) =>
      store.groups.create(
        typeof bad === 'object' && bad !== null ? { creator: me, members: [], ...(bad as object) } : bad,
      ),
  ],
  ['groups.create creator', 'id', (store, bad) => store.groups.create({ creator: bad, members: [] })],
  ['groups.create members', 'ids', (store, bad) => store.groups.create({ creator: me, members: bad })],
  ['groups.create id', 'id', (store, bad) => store.groups.create({ creator: me, members: [], id: bad })],
  [
    'groups.create title',
    'string',
    (store, bad) => store.groups.create({ creator: me, members: [], title: bad }),
  ],
  ['groups.addMembers(actor)', 'id', (store, bad) => store.groups.addMembers(bad, group, [you])],
  ['groups.addMembers(group)', 'id', (store, bad) => store.groups.addMembers(me, bad, [you])],
  ['groups.addMembers(users)', 'ids', (store, bad) => store.groups.addMembers(me, group, bad)],
  ['groups.removeMember(actor)', 'id', (store, bad) => store.groups.removeMember(bad, group, you)],
  ['groups.removeMember(group)', 'id', (store, bad) => store.groups.removeMember(me, bad, you)],
  ['groups.removeMember(user)', 'id', (store, bad) => store.groups.removeMember(me, group, bad)],
  ['groups.rename(actor)', 'id', (store, bad) => store.groups.rename(bad, group, 'x')],
  ['groups.rename(group)', 'id', (store, bad) => store.groups.rename(me, bad, 'x')],
  ['groups.rename(title)', 'string', (store, bad) => store.groups.rename(me, group, bad)],
  ['groups.members(user)', 'id', (store, bad) => store.groups.members(bad, group)],
  ['groups.members(group)', 'id', (store, bad) => store.groups.members(me, bad)],
  ...optionSpots('groups.members', ['limit'], (store, options) => store.groups.members(me, group, options)),
  ['groups.members cursor', 'string', (store, bad) => store.groups.members(me, group, { cursor: bad })],
]

/** The first answer of a subscription, which is then ended. */
async function first(subscribe: () => AsyncIterable<unknown>): Promise<unknown> {
  const iterator = subscribe()[Symbol.asyncIterator]()
  try {
    return await iterator.next()
  } finally {
    await iterator.return?.()
  }
}

async function codeOf(call: () => unknown): Promise<string> {
  try {
    await call()
    return 'a value'
  } catch (error) {
    return isColumbaError(error) ? error.code : `no error of the library: ${String(error)}`
  }
}

const openings: readonly {
  readonly name: string
  readonly open: (location: string) => Promise<MessageStore>
}[] = [
  {
    name: 'the reference backend',
    open: async () => {
      const settings = { limits: resolveLimits(), clock: systemClock, usersMode: 'open' } as const
      return new MessageStore(new ReferenceBackend(), settings)
    },
  },
  { name: 'the local backend', open: (location) => openMessageStore({ location, durability: 'os' }) },
]

describe.each(openings)('the input table over $name', ({ open }) => {
  let location = ''
  let store: MessageStore
  const users = [me, you]

  beforeAll(async () => {
    location = await mkdtemp(join(tmpdir(), 'columba-input-'))
    store = await open(location)
    await store.users.register({ id: me, name: 'me' })
    await store.groups.create({ creator: me, members: [you], id: group })
    await store.sendMessage({ sender: me, conversationId: group, text: 'one', id: '1' })
    await store.sendMessage({ sender: you, receiver: me, text: 'two', id: '1' })
  })

  afterAll(async () => {
    await store.close()
    await rm(location, { recursive: true, force: true })
  })

  test.each(spots)('%s', async (name, place, call) => {
    const before = await dumpStore(store, users)
    for (const [what, value, codes] of rows[place]) {
      const code = await codeOf(() => call(store, value as never))
      expect(codes, `${name} with ${what} gave ${code}`).toContain(code)
    }
    expect(await dumpStore(store, users)).toEqual(before)
  })

  test('what is unknown is named', async () => {
    const error: unknown = await store
      .sendMessage({ sender: me, receiver: you, text: '', surprise: 1 } as never)
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('surprise') as string,
    })
  })

  test.each([
    ['receiver and conversationId', { receiver: you, conversationId: group }],
    ['neither', {}],
  ])('sendMessage with %s', async (_, to) => {
    const code = await codeOf(() => store.sendMessage({ sender: me, text: '', ...to } as never))
    expect(code).toBe('INVALID_ARGUMENT')
  })

  test.each([
    [{ before: 2, after: 1 }],
    [{ before: 2, around: 1 }],
    [{ before: 0 }],
    [{ around: 0 }],
    [{ offset: 0, after: 0 }],
    [{ limit: 0 }],
    [{ limit: 1001 }],
    [{ offset: 10_001 }],
  ])('getMessages with %j', async (options) => {
    expect(await codeOf(() => store.getMessages(me, group, options))).toBe('INVALID_ARGUMENT')
  })

  test.each([[{ limit: 0 }], [{ limit: 1001 }], [{ start: 10_001 }]])(
    'getConversations with %j',
    async (options) => {
      expect(await codeOf(() => store.getConversations(me, options))).toBe('INVALID_ARGUMENT')
    },
  )

  test('a group with an id of a direct conversation', async () => {
    expect(await codeOf(() => store.groups.create({ creator: me, members: [], id: 'd.x' }))).toBe(
      'INVALID_ARGUMENT',
    )
  })

  test('the longest and strangest valid input', async () => {
    const ids = [
      'a\0',
      'a\0b',
      '../../x',
      '__proto__',
      'constructor',
      '😀'.repeat(64),
      'é',
      'e\u0301',
      '\ufeff',
      '!:/',
    ]
    for (const id of ids) {
      await store.sendMessage({
        sender: id,
        receiver: me,
        text: 'x'.repeat(64 * 1024),
        id,
        attributes: { id } as never,
      })
      const { items } = await store.getMessages(me, { peer: id })
      expect(items).toHaveLength(1)
      expect(items[0]).toMatchObject({ sender: id, id, attributes: { id } })
    }
    const odd = JSON.parse('{"__proto__":{"polluted":true}}') as never
    await store.sendMessage({ sender: 'odd', receiver: me, text: '', attributes: odd })
    const { items } = await store.getMessages(me, { peer: 'odd' })
    expect(JSON.stringify(items[0]?.attributes)).toBe('{"__proto__":{"polluted":true}}')
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    await store.sendMessage({ sender: 'deep', receiver: me, text: '', attributes: nested(32) as never })
  })

  test('what a caller changes afterwards does not matter', async () => {
    const attributes = { list: [1] }
    const request = { sender: 'late', receiver: me, text: 'before', attributes }
    const sent = store.sendMessage(request)
    attributes.list.push(2)
    request.text = 'after'
    await sent
    const { items } = await store.getMessages(me, { peer: 'late' })
    expect(items).toMatchObject([{ text: 'before', attributes: { list: [1] } }])
  })
})
