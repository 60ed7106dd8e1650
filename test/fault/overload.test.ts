import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isColumbaError } from '../../src/errors.js'
import { openMessageStore } from '../../src/index.js'
import type { MessageStore, StoreOptions } from '../../src/index.js'

async function openSmall(limits: NonNullable<StoreOptions['limits']>): Promise<MessageStore> {
  const location = await mkdtemp(join(tmpdir(), 'columba-overload-'))
  const store = await openMessageStore({ location, limits })
  onTestFinished(async () => {
    await store.close()
    await rm(location, { recursive: true, force: true })
  })
  return store
}

const request = (i: number) => ({ sender: `a${i % 7}`, receiver: 'b', text: 'x'.repeat(200), id: `m${i}` })

/** Sends all at once; the codes of those that were refused, by number. */
async function flood(store: MessageStore, count: number): Promise<Map<number, string>> {
  const refused = new Map<number, string>()
  const sends = Array.from({ length: count }, (_, i) =>
    store.sendMessage(request(i)).then(
      () => undefined,
      (error: unknown) => {
        refused.set(i, isColumbaError(error) ? error.code : String(error))
      },
    ),
  )
  await Promise.all(sends)
  return refused
}

async function storedIds(store: MessageStore): Promise<Set<string>> {
  const ids = new Set<string>()
  for (let a = 0; a < 7; a += 1) {
    const { items } = await store.getMessages('b', { peer: `a${a}` }, { limit: 1000 })
    for (const { id } of items) ids.add(id)
  }
  return ids
}

describe.each([
  ['calls', { queueCalls: 50 }],
  ['bytes', { queueBytes: 20_000, textBytes: 1000, attributesBytes: 1000 }],
] as const)('a queue that is full by %s', (_, limits) => {
  const count = 400

  test('refuses for sure, keeps what it took, and takes again when there is room', async () => {
    const store = await openSmall(limits)
    const refused = await flood(store, count)
    expect(new Set(refused.values())).toEqual(new Set(['OVERLOADED']))
    expect(refused.size).toBeGreaterThan(count / 2)
    expect(refused.size).toBeLessThan(count)

    const stored = await storedIds(store)
    for (let i = 0; i < count; i += 1) expect(stored.has(`m${i}`)).toBe(!refused.has(i))
    expect(await store.getUnread('b')).toEqual({ total: count - refused.size, conversations: 7 })

    // What was refused may come again, a few at a time, and is stored once.
    for (const i of refused.keys()) expect((await store.sendMessage(request(i))).duplicate).toBe(false)
    expect((await storedIds(store)).size).toBe(count)
  })

  test('refuses a flood again and again, and never more for it', async () => {
    const store = await openSmall(limits)
    const taken: number[] = []
    for (let round = 0; round < 5; round += 1) {
      const ids = Array.from({ length: 200 }, (__, i) => ({ ...request(i), id: `r${round}.${i}` }))
      const results = await Promise.allSettled(ids.map((one) => store.sendMessage(one)))
      taken.push(results.filter(({ status }) => status === 'fulfilled').length)
    }
    for (const each of taken) {
      expect(each).toBeGreaterThan(20)
      expect(each).toBeLessThan(200)
    }
  })

  test('reads go on while sends are refused', async () => {
    const store = await openSmall(limits)
    await store.sendMessage({ sender: 'a0', receiver: 'b', text: 'first', id: 'first' })
    await store.groups.create({ creator: 'a0', members: ['b'], id: 'group' })
    const flooding = flood(store, count)
    expect((await store.groups.members('b', 'group')).items).toHaveLength(2)
    const { items } = await store.getConversations('b')
    expect(items.find(({ peer }) => peer === 'a0')?.unread).toBeGreaterThanOrEqual(1)
    // A repeat is answered although there is no room for anything new.
    const repeat = await store.sendMessage({ sender: 'a0', receiver: 'b', text: 'first', id: 'first' })
    expect(repeat).toMatchObject({ seq: 1, duplicate: true })
    await flooding
  })
})

test('repeats that wait for a message under way are bounded as well; whoever was refused may come again', async () => {
  const store = await openSmall({ queueCalls: 50 })
  const same = { ...request(1), id: 'same' }
  const all = await Promise.allSettled(Array.from({ length: 400 }, () => store.sendMessage(same)))
  const given = all.filter((one) => one.status === 'fulfilled').map(({ value }) => value)
  expect(given.map(({ duplicate }) => duplicate)).toEqual(given.map((_, i) => i > 0))
  expect(given).toHaveLength(51)
  for (const one of all)
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'OVERLOADED' })
  const again = await Promise.all(Array.from({ length: 400 }, () => store.sendMessage(same)))
  expect(again.every(({ seq, duplicate }) => seq === 1 && duplicate)).toBe(true)
})
