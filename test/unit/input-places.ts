import type { MessageStore } from '../../src/api/message-store.js'
import type { ErrorCode } from '../../src/errors.js'

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

export function nested(depth: number): unknown {
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

export const rows: Readonly<Record<Place, readonly Row[]>> = {
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

export const me = 'me'
export const you = 'you'
export const group = 'group'

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

export const spots: readonly Spot[] = [
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
