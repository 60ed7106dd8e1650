import { expect, test } from 'vitest'
import { ReferenceBackend } from '../../../src/backend/reference/reference-backend.js'
import type { Subscription } from '../../../src/domain/subscription.js'
import type { UserId } from '../../../src/model/ids.js'
import { systemClock, type Clock } from '../../../src/platform/clock.js'
import { Gate } from '../../fixtures/gate.js'
import { referenceDomain, userIds } from '../../fixtures/reference-domain.js'

const [ada, bob, cyd] = userIds('ada', 'bob', 'cyd')

/** Time that goes on by a millisecond at each look, so that each read takes one. */
class ReadingClock implements Clock {
  /** Whoever lets others run waits for it. */
  held: Gate | undefined
  yields = 0
  #now = 1

  now(): number {
    return this.#now++
  }

  after(ms: number, task: () => void): () => void {
    return systemClock.after(ms, task)
  }

  async yield(): Promise<void> {
    this.yields++
    await (this.held?.opened ?? systemClock.yield())
  }
}

class CountingBackend extends ReferenceBackend {
  reads = 0

  override changes(...args: Parameters<ReferenceBackend['changes']>) {
    this.reads++
    return super.changes(...args)
  }
}

/** Pages of one change. */
function slowly() {
  const clock = new ReadingClock()
  const backend = new CountingBackend()
  return { ...referenceDomain({ clock, backend, limits: { subscriptionChanges: 1 } }), clock, backend }
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`)

async function take(subscription: Subscription, count: number): Promise<string[]> {
  const texts: string[] = []
  while (texts.length < count) {
    const { value } = await subscription.next()
    if (value?.kind === 'message') texts.push(value.message.text)
  }
  return texts
}

/** What is due in this turn of the event loop, and no more. */
const restOfTurn = (): Promise<void> =>
  new Promise((resolve) => {
    process.nextTick(resolve)
  })

const ended = { done: true, value: undefined }

test('who reads much that lies in memory lets others have their turn, and misses nothing', async () => {
  const { changes, send, clock } = slowly()
  const { token } = await changes.getChanges(bob, { limit: 1 })
  const before = numbers(30)
  const behind = ['while others run', 'and again']
  for (const text of before) await send(ada, bob, text)
  const heard: string[] = []
  const reading = (async () => {
    for await (const change of changes.subscribe(bob, { since: token })) {
      if (change.kind === 'message') heard.push(change.message.text)
      if (heard.length === 32) return
    }
  })()
  await new Promise((resolve) => void setImmediate(resolve))
  expect(heard.length).toBeLessThan(15)
  for (const text of behind) await send(ada, bob, text)
  await reading
  expect(heard).toEqual([...before, ...behind])
  expect(clock.yields).toBeGreaterThan(4)
  expect(clock.yields).toBeLessThan(10)
})

test('one change for many subscribers is told in several turns, to each once', async () => {
  const { changes, groups, clock } = slowly()
  const members = numbers(100) as UserId[]
  const subscriptions = members.map((member) => changes.subscribe(member))
  const told = subscriptions.map((subscription) => subscription.next())
  let count = 0
  for (const each of told) void each.then(() => count++)
  await restOfTurn()
  const before = clock.yields
  await groups.create({ creator: ada, members, title: undefined, id: undefined })
  await restOfTurn()
  expect(count).toBeLessThan(30)
  await Promise.all(told)
  expect(clock.yields - before).toBeGreaterThan(10)
  await Promise.all(subscriptions.map((subscription) => subscription.return()))
})

test('who follows live is not kept waiting by who is behind', async () => {
  const { changes, send, clock } = slowly()
  const { token } = await changes.getChanges(bob, { limit: 1 })
  for (const text of numbers(30)) await send(ada, bob, text)
  const live = changes.subscribe(cyd)
  clock.held = new Gate()
  const behind = take(changes.subscribe(bob, { since: token }), 30)
  const told = take(live, 1)
  await restOfTurn()
  await send(ada, cyd, 'now')
  expect(await told).toEqual(['now'])
  clock.held.open()
  expect(await behind).toEqual(numbers(30))
})

test('who follows live is not kept waiting by many who begin to catch up at once', async () => {
  const { changes, send, clock } = slowly()
  const { token } = await changes.getChanges(bob, { limit: 1 })
  for (const text of numbers(3)) await send(ada, bob, text)
  let told: readonly string[] = []
  void take(changes.subscribe(cyd), 1).then((texts) => (told = texts))
  await restOfTurn()
  clock.held = new Gate()
  const behind = Array.from({ length: 40 }, () => take(changes.subscribe(bob, { since: token }), 3))
  await restOfTurn()
  await send(ada, cyd, 'now')
  await restOfTurn()
  expect(told).toEqual(['now'])
  clock.held.open()
  for (const texts of await Promise.all(behind)) expect(texts).toEqual(numbers(3))
})

test('where those who follow live have to wait they go first, and who is behind gets on all the same', async () => {
  const { changes, groups, send, clock } = slowly()
  const { token } = await changes.getChanges(bob, { limit: 1 })
  for (const text of numbers(10)) await send(ada, bob, text)
  const members = numbers(60) as UserId[]
  const live = members.map((member) => changes.subscribe(member).next())
  await restOfTurn()
  let pages = 0
  const behind = Array.from({ length: 60 }, async () => {
    const subscription = changes.subscribe(bob, { since: token })
    for (let i = 0; i < 10; i++, pages++) await subscription.next()
  })
  await restOfTurn()
  const [pagesBefore, turnsBefore] = [pages, clock.yields]
  await groups.create({ creator: ada, members, title: undefined, id: undefined })
  await Promise.all(live)
  const turns = clock.yields - turnsBefore
  expect(turns).toBeLessThan(15)
  expect(pages - pagesBefore).toBeGreaterThan(turns / 2)
  expect(pages - pagesBefore).toBeLessThan(20)
  await Promise.all(behind)
})

test('a call that finds many pages empty waits for its turns as well, but not for all who catch up', async () => {
  const { changes, contacts, send, clock, backend } = slowly()
  const { token } = await changes.getChanges(bob, { limit: 1 })
  const { token: own } = await changes.getChanges(cyd, { limit: 1 })
  for (const alias of numbers(40)) await contacts.add(cyd, ada, { alias })
  const before = clock.yields
  const page = await changes.getChanges(cyd, { since: own, limit: 1 })
  expect(page.changes).toHaveLength(1)
  expect(clock.yields - before).toBeGreaterThan(4)
  for (const text of numbers(10)) await send(ada, bob, text)
  const behind = Array.from({ length: 60 }, () => take(changes.subscribe(bob, { since: token }), 10))
  await restOfTurn()
  const { reads } = backend
  expect(await changes.getChanges(cyd, { since: own, limit: 1 })).toEqual(page)
  expect(backend.reads - reads).toBeLessThan(80)
  await Promise.all(behind)
})

test('return, abort and closing end one that waits for its turn, which reads nothing any more', async () => {
  for (const how of ['return', 'abort', 'close'] as const) {
    const { changes, context, send, clock, backend } = slowly()
    const { token } = await changes.getChanges(bob, { limit: 1 })
    for (const text of numbers(30)) await send(ada, bob, text)
    clock.held = new Gate()
    const controller = new AbortController()
    const subscription = changes.subscribe(bob, { since: token, signal: controller.signal })
    const other = changes.subscribe(bob, { since: token })
    const waiting = Array.from({ length: 30 }, () => subscription.next())
    await restOfTurn()
    const { reads } = backend
    if (how === 'return') await subscription.return()
    if (how === 'abort') controller.abort()
    if (how === 'close') await context.lifecycle.close(() => backend.close())
    expect(await waiting.at(-1)).toEqual(ended)
    clock.held.open()
    await new Promise((resolve) => void setImmediate(resolve))
    expect(backend.reads).toBe(reads)
    if (how !== 'close') expect(await take(other, 30)).toEqual(numbers(30))
  }
})
