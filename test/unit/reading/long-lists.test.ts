import { expect, onTestFinished, test } from 'vitest'
import { type MessageStore, openMessageStore } from '../../../src/index.js'
import { ReferenceBackend } from '../../../src/backend/reference/reference-backend.js'
import { referenceStore } from '../../fixtures/reference-store.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

const peers = Array.from({ length: 1200 }, (_, i) => `peer ${i}`)

async function fill(store: MessageStore): Promise<void> {
  for (const sender of peers) await store.sendMessage({ sender, receiver: 'me', text: `from ${sender}` })
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
  const store = await openMessageStore({ location: await temporaryDirectory(), durability: 'os' })
  onTestFinished(() => store.close())
  await Promise.all(peers.map((sender) => store.sendMessage({ sender, receiver: 'me', text: 'hello' })))
  // All of it is in memory from here on.
  await store.getConversations('me', { limit: 500 })
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
