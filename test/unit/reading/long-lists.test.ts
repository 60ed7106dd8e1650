import { expect, onTestFinished, test } from 'vitest'
import { type LocalMessageStore, type MessageStore, openMessageStore } from '../../../src/index.js'
import { ReferenceBackend } from '../../../src/backend/reference/reference-backend.js'
import type { LocalTuning } from '../../../src/local/tuning.js'
import { ManualClock } from '../../../src/model-checking/manual-clock.js'
import { openSample } from '../../fault/verify/sample-store.js'
import { cacheOf } from '../../fixtures/cache-stats.js'
import { referenceStore } from '../../fixtures/reference-store.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

const peers = Array.from({ length: 1200 }, (_, i) => `peer ${i}`)

async function fill(store: MessageStore): Promise<void> {
  for (const sender of peers) await store.sendMessage({ sender, receiver: 'me', text: `from ${sender}` })
}

/** A store with a message of each, and the list in memory. */
async function filledInMemory(): Promise<LocalMessageStore> {
  const store = await openMessageStore({ location: await temporaryDirectory(), durability: 'os' })
  onTestFinished(() => store.close())
  await Promise.all(peers.map((sender) => store.sendMessage({ sender, receiver: 'me', text: 'hello' })))
  await store.getConversations('me', { limit: 500 })
  return store
}

test('a list is read in parts, however much of it is skipped', async () => {
  const backend = new ReferenceBackend()
  const asked: number[] = []
  const recent = backend.recent.bind(backend)
  backend.recent = (user, options) => {
    asked.push(options.limit)
    return recent(user, options)
  }
  const store = referenceStore({ backend })
  await fill(store)
  const { items, next } = await store.getConversations('me', { start: 1100, limit: 50 })
  expect(items.map(({ peer }) => peer)).toEqual(peers.toReversed().slice(1100, 1150))
  expect(Math.max(...asked)).toBeLessThanOrEqual(500)
  const rest = await store.getConversations('me', { cursor: next ?? '', limit: 1000 })
  expect(rest.items.map(({ peer }) => peer)).toEqual(peers.toReversed().slice(1150))
})

test('while the unread messages of a long list are counted in memory, others get their turn', async () => {
  const store = await filledInMemory()
  let turns = 0
  const count = (): void => {
    turns++
    turning = setImmediate(count)
  }
  let turning = setImmediate(count)
  onTestFinished(() => clearImmediate(turning))
  expect(await store.getUnread('me')).toEqual({ total: 1200, conversations: 1200 })
  expect(turns).toBeGreaterThanOrEqual(2)
})

test('messages and marks that come while a long list is counted are in the count', async () => {
  const store = await filledInMemory()
  const meanwhile: Promise<unknown>[] = []
  let counted = false
  const counting = store.getUnread('me').finally(() => (counted = true))
  // The newest are on the first page, and have been counted when these come.
  const newest = peers.slice(-300)
  while (!counted) {
    for (const [index, sender] of newest.splice(0, 20).entries())
      meanwhile.push(
        index % 2 === 0
          ? store.sendMessage({ sender, receiver: 'me', text: 'once more' })
          : store.markRead('me', { peer: sender }),
      )
    await new Promise((resolve) => setImmediate(resolve))
  }
  await counting
  await Promise.all(meanwhile)
  expect(meanwhile.length).toBeGreaterThan(20)
  const { items } = await store.getConversations('me', { limit: 1000, unreadOnly: true })
  const rest = await store.getConversations('me', { limit: 1000, start: 1000, unreadOnly: true })
  const rows = [...items, ...rest.items]
  expect(await store.getUnread('me')).toEqual({
    total: rows.reduce((sum, { unread }) => sum + unread, 0),
    conversations: rows.length,
  })
})

test('a list of which the first groups have just become large is read further down, each time more of it', async () => {
  const location = await temporaryDirectory()
  const open = async (tuning: Partial<LocalTuning>): Promise<LocalMessageStore> => {
    const store = await openSample(location, new ManualClock(), tuning)
    onTestFinished(() => store.close())
    return store
  }
  const first = await open({})
  for (const sender of peers.slice(0, 30)) await first.sendMessage({ sender, receiver: 'me', text: 'hello' })
  const groups = Array.from({ length: 20 }, (_, i) => `group ${i}`)
  for (const id of groups) await first.groups.create({ creator: 'ann', members: ['me'], id })
  await first.close()
  // Nothing is flushed from here on.
  const store = await open({ fanOut: 2, generationBytes: 8 * 1024 * 1024 })
  for (const id of groups) await store.groups.addMembers('ann', id, ['ben'])
  const { loads } = await cacheOf(store)
  const { items } = await store.getConversations('me', { limit: 30 })
  expect(items.filter(({ kind }) => kind === 'group').map(({ id }) => id)).toEqual(groups.toReversed())
  expect(items.filter(({ kind }) => kind === 'direct').map(({ peer }) => peer)).toEqual(
    peers.slice(20, 30).reverse(),
  )
  // The first 32, 15 more, all 50.
  expect((await cacheOf(store)).loads - loads).toBe(3)
})
