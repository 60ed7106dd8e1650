import { array, assert, asyncProperty, boolean, integer, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MessageStore } from '../../../src/api/message-store.js'
import type { GetConversationsOptions } from '../../../src/api/read-arguments.js'
import type { Backend } from '../../../src/backend/port.js'
import { ReferenceBackend } from '../../../src/backend/reference/reference-backend.js'
import { referenceStore } from '../../fixtures/reference-store.js'

const me = 'me'

const send = (store: MessageStore, from: string, to = me) =>
  store.sendMessage({ sender: from, receiver: to, text: 'x' })

async function peers(
  store: MessageStore,
  options?: GetConversationsOptions,
): Promise<(string | undefined)[]> {
  return (await store.getConversations(me, options)).items.map(({ peer }) => peer)
}

describe('the list', () => {
  test('has the most recent first, by start and limit', async () => {
    const store = referenceStore()
    for (const peer of ['a', 'b', 'c', 'd']) await send(store, peer)
    await send(store, me, 'b')
    expect(await peers(store)).toEqual(['b', 'd', 'c', 'a'])
    expect(await peers(store, { limit: 2, start: 1 })).toEqual(['d', 'c'])
    expect(await peers(store, { start: 9 })).toEqual([])
    const page = await store.getConversations(me)
    expect(page.next).toBeNull()
    expect(page.items[0]).toMatchObject({
      kind: 'direct',
      unread: 1,
      headSeq: 2,
      memberCount: 2,
      left: false,
    })
    expect(Object.isFrozen(page.items) && Object.isFrozen(page.items[0])).toBe(true)
  })

  test('is made once for each state', async () => {
    const store = referenceStore()
    await send(store, 'a')
    const page = await store.getConversations(me)
    expect(await store.getConversations(me)).toBe(page)
    await send(store, 'a')
    expect((await store.getConversations(me)).items[0]?.unread).toBe(2)
  })

  test('by since is inclusive, by unreadOnly what has unread', async () => {
    const store = referenceStore()
    const times = new Map<string, number>()
    for (const peer of ['a', 'b', 'c', 'd']) times.set(peer, (await send(store, peer)).timestamp)
    expect(await peers(store, { since: times.get('b') ?? 0 })).toEqual(['d', 'c', 'b'])
    await store.markRead(me, { peer: 'c' })
    expect(await peers(store, { unreadOnly: true })).toEqual(['d', 'b', 'a'])
    expect(await peers(store, { unreadOnly: true, start: 1, limit: 1 })).toEqual(['b'])
    expect(await peers(store, { unreadOnly: true, since: (times.get('d') ?? 0) + 1_000_000 })).toEqual([])
  })

  test('is walked as it was at the first page, whatever has moved up since', async () => {
    const store = referenceStore()
    for (const peer of ['a', 'b', 'c', 'd', 'e', 'f']) await send(store, peer)
    const walked: (string | undefined)[] = []
    let cursor: string | undefined
    for (const moves of ['b', 'a', undefined]) {
      const page = await store.getConversations(me, { limit: 2, cursor })
      walked.push(...page.items.map(({ peer }) => peer))
      cursor = page.next ?? undefined
      if (moves !== undefined) await send(store, moves)
    }
    expect(walked).toEqual(['f', 'e', 'd', 'c', 'b', 'a'])
    expect(cursor).toBeUndefined()
  })

  test('has cursors that belong to user and filter', async () => {
    const store = referenceStore()
    for (const peer of ['a', 'b', 'c']) await send(store, peer)
    const cursor = (await store.getConversations(me, { limit: 1 })).next ?? ''
    for (const call of [
      store.getConversations('a', { cursor }),
      store.getConversations(me, { cursor, unreadOnly: true }),
      store.getConversations(me, { cursor, since: 0 }),
      store.getConversations(me, { cursor: 'nonsense' }),
      store.getConversations(me, { cursor, start: 1 }),
    ]) {
      await expect(call).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
  })
})

/** Answers all reads of the list later, so that writes come in between. */
function late(backend: ReferenceBackend): Backend {
  const slow = new Proxy(backend, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      if (name !== 'recent' && name !== 'stoodAt') return value.bind(target) as unknown
      return async (...args: unknown[]) => {
        await new Promise((resolve) => setImmediate(resolve))
        return (value as (...given: unknown[]) => unknown).apply(target, args)
      }
    },
  })
  return slow
}

test('a walk by cursor has each conversation of its beginning exactly once, however the list moves', async () => {
  await assert(
    asyncProperty(
      record({
        slow: boolean(),
        unreadOnly: boolean(),
        limit: integer({ min: 1, max: 4 }),
        moves: array(array(integer({ min: 0, max: 14 }), { maxLength: 6 }), { maxLength: 12 }),
      }),
      async ({ slow, unreadOnly, limit, moves }) => {
        const backend = new ReferenceBackend()
        const store = referenceStore({ backend: slow ? late(backend) : backend })
        for (let peer = 0; peer < 12; peer += 1) await send(store, `${peer}`)
        const options = { limit, ...(unreadOnly ? { unreadOnly } : {}) }
        const walked: (string | undefined)[] = []
        let cursor: string | undefined
        let turn = 0
        do {
          const reading = store.getConversations(me, { ...options, cursor })
          const page = slow && turn > 0 ? await moving(store, moves[turn] ?? [], reading) : await reading
          walked.push(...page.items.map(({ peer }) => peer))
          cursor = page.next ?? undefined
          for (const peer of moves[turn] ?? []) await send(store, `${peer}`)
          turn += 1
        } while (cursor !== undefined)
        expect(walked).toEqual(Array.from({ length: 12 }, (_, index) => `${11 - index}`))
      },
    ),
    { numRuns: 60 },
  )
})

async function moving<T>(store: MessageStore, talking: readonly number[], reading: Promise<T>): Promise<T> {
  for (const peer of talking) {
    await send(store, `${peer}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return reading
}
