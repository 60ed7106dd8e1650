import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MessageStore } from '../../src/api/message-store.js'
import { openMessageStore } from '../../src/api/open.js'
import { ReferenceBackend } from '../../src/backend/reference/reference-backend.js'
import { isColumbaError } from '../../src/errors.js'
import { resolveLimits } from '../../src/limits.js'
import { dumpStore } from '../../src/model-checking/dump-store.js'
import { systemClock } from '../../src/platform/clock.js'
import { nested, rows, me, you, group, spots } from './input-places.js'

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
