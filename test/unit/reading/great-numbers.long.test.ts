import { expect, onTestFinished, test } from 'vitest'
import { type Message, type LocalMessageStore, openMessageStore, type Page } from '../../../src/index.js'
import { cacheOf } from '../../fixtures/cache-stats.js'
import { collectGarbage } from '../../fixtures/collect-garbage.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

const MiB = 1024 * 1024
const maxBytes = 16 * MiB

/** The store as it is behind so many sends, opened anew: nothing is in memory. */
async function filled(count: number, request: (n: number) => { sender: string; receiver: string }) {
  const options = { location: await temporaryDirectory(), durability: 'os', cache: { maxBytes } } as const
  const first = await openMessageStore(options)
  for (let from = 0; from < count; from += 10_000) {
    await Promise.all(
      Array.from({ length: 10_000 }, (_, i) => {
        const n = from + i + 1
        return first.sendMessage({ ...request(n), id: String(n), text: `message ${n}` })
      }),
    )
  }
  await first.close()
  const store = await openMessageStore(options)
  onTestFinished(() => store.close())
  return store
}

/** What `work` gives, which may read so many rows. */
async function within<T>(store: LocalMessageStore, mostRows: number, work: () => Promise<T>): Promise<T> {
  const { rowReads: before } = await cacheOf(store)
  const result = await work()
  expect((await cacheOf(store)).rowReads - before).toBeLessThanOrEqual(mostRows)
  return result
}

function heapMiB(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed / MiB
}

const down = (from: number, length: number): number[] => Array.from({ length }, (_, i) => from - i)
const peer = { peer: 'ann' }

test('300,000 messages of a conversation: each page is read by itself, wherever it lies, and memory holds few', async () => {
  const count = 300_000
  const store = await filled(count, () => ({ sender: 'ann', receiver: 'bob' }))
  const before = heapMiB()
  const places = [
    [{}, count],
    [{ before: 150_001 }, 150_000],
    [{ around: 250_000 }, 250_024],
    [{ before: 51 }, 50],
    [{ offset: 10_000 }, count - 10_000],
  ] as const
  for (const [place, from] of places) {
    const { items } = await within(store, 40, () => store.getMessages('bob', peer, { ...place, limit: 50 }))
    expect([place, items.map(({ seq }) => seq)]).toEqual([place, down(from, 50)])
  }
  expect(await store.getUnread('bob')).toEqual({ total: count, conversations: 1 })
  expect(
    await store.sendMessage({ sender: 'ann', receiver: 'bob', id: '7', text: 'message 7' }),
  ).toMatchObject({
    seq: 7,
    duplicate: true,
  })
  for (const { begin, step } of [
    { begin: count, step: -1000 },
    { begin: 1, step: 1000 },
  ]) {
    let next = begin
    let cursor: string | null = null
    for (let pages = 0; pages < 40; pages++, next += step) {
      const place: { after?: number } = step > 0 ? { after: 0 } : {}
      const page = { limit: 1000, ...(cursor === null ? place : { cursor }) }
      const found: Page<Message> = await store.getMessages('bob', peer, page)
      const [from, to] = [found.items[0]?.seq, found.items.at(-1)?.seq]
      expect([from, to, found.items.length]).toEqual([next, next + step - Math.sign(step), 1000])
      cursor = found.next
    }
  }
  expect(heapMiB() - before).toBeLessThan(64)
})

test('a user with 100,000 conversations: each page of the list is read by itself, and memory holds few', async () => {
  const count = 100_000
  const store = await filled(count, (n) => ({ sender: `peer ${n}`, receiver: 'me' }))
  const before = heapMiB()
  const first = await within(store, 100, () => store.getConversations('me'))
  const far = await store.getConversations('me', { start: 10_000, limit: 20 })
  expect(await store.getUnread('me')).toEqual({ total: count, conversations: count })
  const peers: string[] = []
  for (let cursor: string | null = null, more = true; more;) {
    const page = { limit: 1000, ...(cursor === null ? {} : { cursor }) }
    const found = await store.getConversations('me', page)
    for (const { peer: other, lastMessage } of found.items)
      if (lastMessage?.text === `message ${other?.slice('peer '.length)}`) peers.push(other ?? '')
    cursor = found.next
    more = cursor !== null
  }
  expect([peers.length, new Set(peers).size]).toEqual([count, count])
  const named = (page: typeof first) => page.items.map(({ peer: other }) => other)
  expect(named(first)).toEqual(peers.slice(0, 20))
  expect(named(far)).toEqual(peers.slice(10_000, 10_020))
  expect(heapMiB() - before).toBeLessThan(64)
})
