import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { InProcessNotifier } from '../../../src/backend/notifier.js'
import { Watchers } from '../../../src/local/writes/watchers.js'
import type { UserId } from '../../../src/model/ids.js'
import { openMessageStore } from '../../../src/index.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
import { localHost } from '../../histories/hosts.js'

const ada = 'ada' as UserId

/** Ends generations and flushes them one after the other, as the store does, with news here and there. */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.constant('news' as const) },
  { weight: 3, arbitrary: fc.constant('news of others' as const) },
  { weight: 2, arbitrary: fc.constant('cut' as const) },
  { weight: 2, arbitrary: fc.constant('flush' as const) },
  { weight: 2, arbitrary: fc.constant('read' as const) },
)

test('a watched user is quiet only if nothing happened, and always if that was read up to its end', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(5), (steps, watchAt) => {
      const watchers = new Watchers(new InProcessNotifier())
      const news: number[] = []
      const boundaries = [0]
      let position = 0
      let place: number | null = null
      steps.forEach((what, i) => {
        if (i === watchAt) {
          watchers.watch(ada, () => undefined, position)
          place = position
        }
        if (what === 'news') {
          news.push(++position)
          watchers.note([ada], position, boundaries.at(-1) as number)
        } else if (what === 'news of others')
          watchers.note(['bob' as UserId], ++position, boundaries.at(-1) as number)
        else if (what === 'cut') boundaries.push(++position)
        else if (what === 'flush' && boundaries.length > 1) boundaries.shift()
        else if (what === 'read' && place !== null) place = position
        const boundary = boundaries[0] as number
        for (let after = 0; after <= position; after++) {
          const missed = news.some((at) => at > after && at <= boundary)
          if (missed) expect(watchers.isQuiet(ada, after, boundary)).toBe(false)
          else if (place !== null && after === place && boundaries.length <= 8)
            expect(watchers.isQuiet(ada, after, boundary)).toBe(true)
        }
      })
    }),
    { numRuns: 400 },
  )
})

/** Counts whom it wakes. */
class CountingNotifier extends InProcessNotifier {
  woken: string[] = []

  override publish(user: UserId): void {
    this.woken.push(user)
    super.publish(user)
  }
}

test('a message of a small group wakes who is in it, not who was', async () => {
  const notifier = new CountingNotifier()
  const host = await localHost({}, { notifier })
  const store = await host.open()
  try {
    await store.groups.create({ creator: 'ada', members: ['bob', 'cleo'], id: 'desk' })
    const subscriptions = ['bob', 'cleo'].map((user) => store.subscribe(user)[Symbol.asyncIterator]())
    const waiting = subscriptions.map((changes) => changes.next())
    await store.getChanges('cleo', {})
    await store.groups.removeMember('ada', 'desk', 'cleo')
    for (const waited of waiting) expect((await waited).done).toBe(false)
    notifier.woken = []
    await store.sendMessage({ sender: 'ada', conversationId: 'desk', text: 'hello' })
    expect(notifier.woken.filter((user) => user !== 'ada')).toEqual(['bob'])
  } finally {
    await store.close()
    await host.destroy()
  }
})

test('a message of a large group wakes its members and nobody else', async () => {
  const notifier = new CountingNotifier()
  const host = await localHost({ settings: {}, tuning: { fanOut: 1 } }, { notifier })
  const store = await host.open()
  try {
    await store.groups.create({ creator: 'ada', members: ['bob'], id: 'crowd' })
    const subscriptions = ['bob', 'cleo', 'dan'].map((user) => store.subscribe(user)[Symbol.asyncIterator]())
    const waiting = subscriptions.map((changes) => changes.next())
    await store.sendMessage({ sender: 'ada', receiver: 'ada', text: 'all have begun' })
    await store.getChanges('cleo', {})
    // Dan joins while he watches; cleo never does.
    await store.groups.addMembers('ada', 'crowd', ['dan'])
    for (const waited of [waiting[0], waiting[2]]) expect((await waited)?.done).toBe(false)
    notifier.woken = []
    await store.sendMessage({ sender: 'ada', conversationId: 'crowd', text: 'hello' })
    expect(notifier.woken.toSorted()).toEqual(['bob', 'dan'])
    for (const changes of subscriptions) await changes.return?.()
    notifier.woken = []
    await store.sendMessage({ sender: 'ada', conversationId: 'crowd', text: 'nobody there' })
    expect(notifier.woken).toEqual([])
  } finally {
    await store.close()
    await host.destroy()
  }
})

/** The next so many messages of a subscription. */
async function take(changes: AsyncIterator<{ readonly kind: string }>, count: number): Promise<string[]> {
  const kinds: string[] = []
  while (kinds.length < count) kinds.push((await changes.next()).value?.kind as string)
  return kinds
}

test('who is up to date gets what comes without a read of the shards, however much was flushed meanwhile', async () => {
  const store = await openMessageStore({ location: await temporaryDirectory(), durability: 'os' })
  const reads = async () => (await store.admin.stats()).cache.rowReads
  try {
    for (const text of ['one', 'two']) await store.sendMessage({ sender: 'ada', receiver: 'bob', text })
    await store.groups.create({ creator: 'ada', members: ['bob'], id: 'team' })
    await store.groups.create({ creator: 'bob', members: ['cleo'], id: 'others' })
    await store.admin.checkpoint()
    const changes = store.subscribe('bob')[Symbol.asyncIterator]()
    const first = take(changes, 1)
    await store.sendMessage({ sender: 'ada', receiver: 'bob', text: 'three' })
    expect(await first).toEqual(['message'])
    await store.sendMessage({ sender: 'ada', conversationId: 'team', text: 'welcome' })
    expect(await take(changes, 1)).toEqual(['message'])
    for (let round = 0; round < 4; round++) {
      // Bob hears of nothing while generations come and go.
      for (let flushes = 0; flushes < 3; flushes++) {
        await store.sendMessage({ sender: 'cleo', receiver: 'dan', text: 'not for bob' })
        await store.admin.checkpoint()
      }
      const before = await reads()
      const waiting = changes.next()
      await store.sendMessage({ sender: 'ada', receiver: 'bob', text: `again ${round}` })
      expect((await waiting).value).toMatchObject({ kind: 'message', message: { text: `again ${round}` } })
      await store.sendMessage({ sender: 'bob', receiver: 'ada', text: 'yes' })
      expect(await take(changes, 1)).toEqual(['message'])
      expect(await reads()).toBe(before)
    }
  } finally {
    await store.close()
  }
})
