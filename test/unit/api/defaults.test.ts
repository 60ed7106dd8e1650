import { beforeAll, expect, test } from 'vitest'
import type { MessageStore } from '../../../src/api/message-store.js'
import { openMessageStore } from '../../../src/index.js'
import { defaultLimits, greatestLimits } from '../../../src/limits.js'
import { referenceStore } from '../../fixtures/reference-store.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

// What users get who give no numbers. They build on these, so a change of one is a change of the contract.

const KiB = 1024
const MiB = 1024 * KiB

test('the limits', () => {
  expect(defaultLimits).toEqual({
    idBytes: 256,
    textBytes: 64 * KiB,
    attributesBytes: 16 * KiB,
    attributesDepth: 32,
    titleBytes: KiB,
    pageItems: 1000,
    startItems: 10_000,
    idsPerCall: 1000,
    groupMembers: 100_000,
    largeGroupsPerUser: 500,
    queueBytes: 16 * MiB,
    queueCalls: 65_536,
    logBytes: 256 * MiB,
    subscriptionChanges: 256,
  })
})

test('the greatest that they may be', () => {
  expect(greatestLimits).toEqual({
    idBytes: 256,
    textBytes: MiB,
    attributesBytes: 256 * KiB,
    attributesDepth: 64,
    titleBytes: 16 * KiB,
    pageItems: 10_000,
    startItems: 1_000_000,
    idsPerCall: 1000,
    groupMembers: 1_000_000,
    largeGroupsPerUser: 10_000,
    queueBytes: 1024 * MiB,
    queueCalls: 10_000_000,
    logBytes: 1024 * 1024 * MiB,
    subscriptionChanges: 10_000,
  })
})

interface Sizes {
  readonly store: MessageStore
  /** From before everything. */
  readonly token: string
}

let filled: Sizes
const names = (count: number) => Array.from({ length: count }, (_, index) => `u${index}`)

beforeAll(async () => {
  const store = referenceStore()
  const { token } = await store.getChanges('me')
  for (const sender of names(21)) await store.sendMessage({ sender, receiver: 'me', text: 'x' })
  for (let sent = 1; sent < 51; sent++) await store.sendMessage({ sender: 'me', receiver: 'u0', text: 'x' })
  for (const contact of names(51)) await store.contacts.add('me', contact)
  await store.groups.create({ id: 'crowd', creator: 'host', members: names(50) })
  filled = { store, token }
})

const pages: readonly (readonly [
  name: string,
  size: number,
  read: (sizes: Sizes, cursor?: string) => Promise<{ items: readonly unknown[]; next: string | null }>,
])[] = [
  ['conversations', 20, ({ store }, cursor) => store.getConversations('me', { cursor })],
  ['messages', 50, ({ store }, cursor) => store.getMessages('me', { peer: 'u0' }, { cursor })],
  ['contacts', 50, ({ store }, cursor) => store.contacts.list('me', { cursor })],
  ['members', 50, ({ store }, cursor) => store.groups.members('host', 'crowd', { cursor })],
  [
    'changes',
    100,
    async ({ store, token }, since = token) => {
      const { changes, token: next, hasMore } = await store.getChanges('me', { since })
      return { items: changes, next: hasMore ? next : null }
    },
  ],
]

test.each(pages)('a page of %s has %i', async (_, size, read) => {
  const { items, next } = await read(filled)
  expect(items).toHaveLength(size)
  expect((await read(filled, next ?? '')).items.length).toBeGreaterThan(0)
})

test('receipts are those of 1,000 members, however large a page may be', async () => {
  // In memory each member would keep a pointer to each.
  const location = await temporaryDirectory()
  const store = await openMessageStore({ location, durability: 'os', limits: { pageItems: 2000 } })
  try {
    await store.groups.create({ id: 'crowd', creator: 'host', members: names(1000) })
    expect(await store.getReceipts('host', 'crowd')).toHaveLength(1000)
  } finally {
    await store.close()
  }
})
