import { describe, expect, test } from 'vitest'
import type { MessageStore } from '../../../src/api/message-store.js'
import { checkComponents, checkOptions } from '../../../src/api/options.js'
import type { StoreComponentOptions, StoreOptions } from '../../../src/api/options.js'
import { defaultLimits, resolveLimits } from '../../../src/limits.js'
import { referenceStore } from '../../fixtures/reference-store.js'

const good = { sender: 'ada', receiver: 'bob', text: 'x' }

const strangeIds = [
  '\0',
  '../',
  '__proto__',
  'constructor',
  'a/b:c',
  '👩‍🚀',
  'ﬁ',
  ' ',
  'é'.repeat(128),
  '~',
  '~.',
  '~~.x',
]
const wrongIds = [
  '',
  'x'.repeat(257),
  'é'.repeat(129),
  '\ud800',
  'a\udc00',
  1,
  null,
  {},
  ['a'],
  Symbol('a'),
  1n,
  true,
]
const wrongNumbers = [Number.NaN, Infinity, -Infinity, 1.5, -1, '1', 2 ** 53, null, {}, 1n]

const invalid = (field: string) => ({ code: 'INVALID_ARGUMENT', details: { field } })

/** Calls with arguments that the compiler would refuse. */
async function calling(
  call: (store: MessageStore, use: (value: unknown) => never) => Promise<unknown>,
): Promise<unknown> {
  const store = referenceStore()
  return call(store, (value) => value as never)
}

describe('ids', () => {
  test.each(strangeIds)('%j is one', async (id) => {
    const store = referenceStore()
    const receipt = await store.sendMessage({
      sender: id,
      receiver: `${id.slice(0, 3)}2`,
      text: '',
      id,
      deviceId: id,
    })
    expect(receipt).toMatchObject({ messageId: id, seq: 1 })
    const [message] = (await store.getMessages(id, receipt.conversationId)).items
    expect(message).toMatchObject({ id, sender: id, deviceId: id, text: '' })
    const group = await store.groups.create({ creator: id, members: [id], id })
    expect(group).toMatchObject({ id, memberCount: 1 })
    expect((await store.getConversations(id)).items).toHaveLength(2)
  })

  test.each(wrongIds.map((id) => [typeof id, id] as const))('of type %s: %o is none', async (_type, id) => {
    for (const field of ['sender', 'receiver', 'id', 'deviceId']) {
      await expect(
        calling((store, use) => store.sendMessage(use({ ...good, [field]: id }))),
      ).rejects.toMatchObject(invalid(field))
    }
    await expect(calling((store, use) => store.getConversations(use(id)))).rejects.toMatchObject(
      invalid('userId'),
    )
    await expect(calling((store, use) => store.users.get(use(id)))).rejects.toMatchObject(invalid('id'))
    await expect(calling((store, use) => store.contacts.block('ada', use(id)))).rejects.toMatchObject(
      invalid('otherId'),
    )
    await expect(
      calling((store, use) => store.groups.create({ creator: 'ada', members: [use(id)] })),
    ).rejects.toMatchObject(invalid('members[0]'))
  })

  test('of groups do not begin as those of direct conversations', async () => {
    await expect(
      calling((store) => store.groups.create({ creator: 'ada', members: [], id: 'd.x' })),
    ).rejects.toMatchObject(invalid('id'))
  })

  test('are so many in one call, however a list of them counts itself', async () => {
    const store = referenceStore({ limits: { idsPerCall: 3 } })
    const tooMany = { code: 'TOO_LARGE', details: { limit: 3 } }
    const members = ['a', 'b', 'c', 'd']
    await expect(store.groups.create({ creator: 'ada', members })).rejects.toMatchObject(tooMany)
    const more = Object.assign(['a', 'b'], { [Symbol.iterator]: () => members.values() })
    const { id, memberCount } = await store.groups.create({ creator: 'ada', members: more })
    expect(memberCount).toBe(3)
    await expect(store.groups.addMembers('ada', id, members)).rejects.toMatchObject(tooMany)
  })
})

const refusedSends: readonly (readonly [unknown, string])[] = [
  [{ ...good, extra: 1 }, 'extra'],
  [{ ...good, [Symbol('text')]: 1 }, 'request'],
  [{ ...good, conversationId: 'c' }, 'conversationId'],
  [{ sender: 'ada', text: 'x' }, 'receiver'],
  [{ ...good, text: undefined }, 'text'],
  [{ ...good, text: 'a\ud800' }, 'text'],
  [{ ...good, text: 7 }, 'text'],
  [null, 'request'],
  ['x', 'request'],
  [undefined, 'request'],
  ...wrongNumbers.map((timestamp) => [{ ...good, timestamp }, 'timestamp'] as const),
  ...[
    () => 1,
    Symbol('x'),
    1n,
    Number.NaN,
    { a: undefined },
    new Date(0),
    new Map(),
    Array.from({ length: 1 }),
    '\ud800',
  ].map((attributes) => [{ ...good, attributes }, 'attributes'] as const),
]

describe('a send', () => {
  test.each(refusedSends)('of %o is refused for %s', async (request, field) => {
    await expect(calling((store, use) => store.sendMessage(use(request)))).rejects.toMatchObject(
      invalid(field),
    )
  })

  test('has no negative zero for a time, at once and for good', async () => {
    const store = referenceStore()
    await store.sendMessage({ ...good, timestamp: -0 })
    expect((await store.getMessage('ada', { peer: 'bob' }, 1)).sentAt).toBe(0)
  })

  test('has a text of at most 64 KiB of UTF-8', async () => {
    const store = referenceStore()
    for (const text of ['x'.repeat(65_536), 'é'.repeat(32_768)]) {
      await expect(store.sendMessage({ ...good, text })).resolves.toBeDefined()
      await expect(store.sendMessage({ ...good, text: `${text}x` })).rejects.toMatchObject({
        code: 'TOO_LARGE',
      })
    }
  })

  test('has attributes of bounded size and depth, and no cycles', async () => {
    const store = referenceStore()
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])
    const send = (attributes: unknown) => store.sendMessage({ ...good, attributes: attributes as never })
    await expect(send(nested(32))).resolves.toBeDefined()
    await expect(send(nested(33))).rejects.toMatchObject({ code: 'TOO_LARGE' })
    await expect(send(nested(5000))).rejects.toMatchObject({ code: 'TOO_LARGE' })
    await expect(send('x'.repeat(16_382))).resolves.toBeDefined()
    await expect(send('x'.repeat(16_383))).rejects.toMatchObject({ code: 'TOO_LARGE' })
    const huge: unknown[] = []
    huge.length = 2 ** 32 - 1
    await expect(send(huge)).rejects.toMatchObject({ code: 'TOO_LARGE' })
    const cycle: unknown[] = []
    cycle.push({ cycle })
    await expect(send(cycle)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const shared = { a: 1 }
    await expect(send([shared, shared])).resolves.toBeDefined()
  })
})

describe('reads and marks', () => {
  test.each(wrongNumbers.map((number) => [number]))('refuse %o as a number', async (number) => {
    for (const name of ['limit', 'start', 'since']) {
      await expect(
        calling((store, use) => store.getConversations('ada', use({ [name]: number }))),
      ).rejects.toMatchObject(invalid(name))
    }
    for (const name of ['limit', 'offset', 'before', 'after', 'around']) {
      await expect(
        calling((store, use) => store.getMessages('ada', { peer: 'bob' }, use({ [name]: number }))),
      ).rejects.toMatchObject(invalid(name))
    }
    for (const call of ['getMessage', 'markRead', 'markDelivered'] as const) {
      await expect(
        calling((store, use) => store[call]('ada', { peer: 'bob' }, use(number))),
      ).rejects.toMatchObject(invalid('seq'))
    }
  })

  test.each([
    [{ limit: 0 }, 'limit'],
    [{ limit: 1001 }, 'limit'],
    [{ start: 10_001 }, 'start'],
    [{ cursor: '' }, 'cursor'],
    [{ cursor: 1 }, 'cursor'],
    [{ unreadOnly: 1 }, 'unreadOnly'],
    [{ offset: 1 }, 'offset'],
    [{ start: 0, cursor: 'x' }, 'start'],
    [null, 'options'],
    [[], 'options'],
    ['x', 'options'],
  ])('list with %j is refused', async (options, field) => {
    await expect(calling((store, use) => store.getConversations('ada', use(options)))).rejects.toMatchObject(
      invalid(field),
    )
  })

  test.each([
    [{ before: 1, after: 1 }, 'after'],
    [{ around: 1, cursor: 'x' }, 'around'],
    [{ offset: 10_001 }, 'offset'],
    [{ start: 1 }, 'start'],
    [{ limit: 1001 }, 'limit'],
  ])('pages with %j are refused', async (options, field) => {
    await expect(
      calling((store, use) => store.getMessages('ada', { peer: 'bob' }, use(options))),
    ).rejects.toMatchObject(invalid(field))
  })

  test('refuse the `next` of a last page, and say that there is no page behind it', async () => {
    const calls = [
      (store: MessageStore, options: never) => store.getConversations('ada', options),
      (store: MessageStore, options: never) => store.getMessages('ada', { peer: 'bob' }, options),
      (store: MessageStore, options: never) => store.contacts.list('ada', options),
      (store: MessageStore, options: never) => store.groups.members('ada', 'g', options),
    ]
    const message = 'cursor is null: behind the last page there is no other'
    for (const call of calls) {
      await expect(calling((store, use) => call(store, use({ cursor: null })))).rejects.toMatchObject({
        ...invalid('cursor'),
        message,
      })
    }
  })

  test('take a peer, and nothing else that is no id', async () => {
    for (const [target, field] of [
      [{ peer: '' }, 'peer'],
      [{}, 'peer'],
      [{ peer: 'bob', more: 1 }, 'more'],
      [null, 'conversationId'],
      [7, 'conversationId'],
    ] as const) {
      await expect(calling((store, use) => store.getMessages('ada', use(target)))).rejects.toMatchObject(
        invalid(field),
      )
    }
  })
})

describe('the options of a store', () => {
  test('have defaults', () => {
    expect(checkOptions({ location: './data' })).toMatchObject({
      usersMode: 'open',
      settings: {
        location: './data',
        shards: undefined,
        syncEveryMs: 0,
        cacheBytes: 67_108_864,
        cacheTierSize: 15,
      },
    })
    expect(checkOptions({ location: 'x', durability: 'os' }).settings.syncEveryMs).toBe(Infinity)
    expect(checkOptions({ location: 'x', durability: { intervalMs: 50 } }).settings.syncEveryMs).toBe(50)
  })

  test('of which each may be undefined, the limits as well', () => {
    const limits = { textBytes: undefined, pageItems: 10 }
    const given = checkOptions({ location: 'x', shards: undefined, cache: { maxBytes: undefined }, limits })
    expect(given.settings.limits).toEqual({ ...defaultLimits, pageItems: 10 })
  })

  test.each([
    [undefined, 'options'],
    [null, 'options'],
    [{}, 'location'],
    [{ location: '' }, 'location'],
    [{ location: 'a\0b' }, 'location'],
    [{ location: 'x', shards: 0 }, 'shards'],
    [{ location: 'x', shards: 257 }, 'shards'],
    [{ location: 'x', shards: '2' }, 'shards'],
    [{ location: 'x', virtualNodes: 0.5 }, 'virtualNodes'],
    [{ location: 'x', durability: 'never' }, 'durability'],
    [{ location: 'x', durability: { intervalMs: 0 } }, 'durability.intervalMs'],
    [{ location: 'x', durability: null }, 'durability'],
    [{ location: 'x', cache: { maxBytes: -1 } }, 'cache.maxBytes'],
    [{ location: 'x', cache: { size: 1 } }, 'cache.size'],
    [{ location: 'x', durability: { interval: 1 } }, 'durability.interval'],
    [{ location: 'x', users: 'all' }, 'users'],
    [{ location: 'x', limits: { textBytes: 0 } }, 'limits.textBytes'],
    [{ location: 'x', limits: { texts: 1 } }, 'limits.texts'],
    [{ location: 'x', limits: { queueBytes: 1000 } }, 'limits.queueBytes'],
    [{ location: 'x', sharding: 1 }, 'sharding'],
  ])('%j are refused', (options, field) => {
    expect(() => checkOptions(options as StoreOptions)).toThrow(expect.objectContaining(invalid(field)))
  })

  test.each(['queueBytes', 'logBytes'] as const)('%s hold a message, whoever makes the limits', (name) => {
    const limits = { [name]: 64 * 1024 }
    expect(() => resolveLimits(limits)).toThrow(expect.objectContaining(invalid(`limits.${name}`)))
    expect(resolveLimits({ ...limits, textBytes: 48 * 1024 })).toMatchObject(limits)
  })

  test.each([0.5, NaN, -5, 2 ** 48, Infinity, '1'])('a clock that shows %o is refused', (time) => {
    const clock = { now: () => time as number, after: () => () => undefined, yield: async () => undefined }
    expect(() => checkComponents({ clock })).toThrow(expect.objectContaining(invalid('clock')))
  })

  test('one that throws is refused as well, with what it threw', () => {
    const cause = new Error('stopped')
    const now = (): never => {
      throw cause
    }
    const clock = { now, after: () => () => undefined, yield: async () => undefined }
    expect(() => checkComponents({ clock })).toThrow(expect.objectContaining({ ...invalid('clock'), cause }))
  })

  test('components have the methods of their kind', () => {
    const clock = { now: () => 1, after: () => () => undefined, yield: async () => undefined }
    expect(checkComponents({ clock })).toEqual({ clock })
    expect(checkComponents(undefined)).toEqual({})
    for (const [components, field] of [
      [{ clock: { now: () => 1 } }, 'clock'],
      [{ random: null }, 'random'],
      [{ timer: clock }, 'timer'],
    ] as const) {
      expect(() => checkComponents(components as unknown as StoreComponentOptions)).toThrow(
        expect.objectContaining(invalid(field)),
      )
    }
  })
})
