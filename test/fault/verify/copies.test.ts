import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readCopyKey, type CopyRow } from '../../../src/formats/keys.js'
import { decodeListCopy, encodeListCopy, type ListCopy } from '../../../src/formats/list-copy.js'
import { rows } from '../../../src/formats/rows.js'
import type { LocalMessageStore } from '../../../src/index.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'
import { ManualClock } from '../../../src/model-checking/manual-clock.js'
import { cacheOf } from '../../fixtures/cache-stats.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
import { copyOf } from '../repair/damaged-store.js'
import { makeSample, openSample } from './sample-store.js'
import { ShardEdit, type StoredRow } from './shard-edit.js'

const users = ['ann', 'ben', 'cem', 'dan', 'eva']
const annBen = directConversationId('ann', 'ben')

/** Every list is copied, however short. */
const open = (location: string): Promise<LocalMessageStore> =>
  openSample(location, new ManualClock(), { copiedFrom: 1, copyRestMs: 0 })

async function lists(store: LocalMessageStore): Promise<unknown> {
  return Promise.all(
    users.map(async (user) => [user, await store.getConversations(user), await store.getUnread(user)]),
  )
}

/** What users see of a store that has just been opened. */
async function seen(location: string): Promise<unknown> {
  const store = await open(location)
  try {
    return await lists(store)
  } finally {
    await store.close()
  }
}

async function isWhole(location: string): Promise<boolean> {
  const store = await open(location)
  try {
    return (await store.admin.verify()).ok
  } finally {
    await store.close()
  }
}

const isCopyRow =
  (which?: CopyRow) =>
  ({ family, key, prefixLength }: StoredRow): boolean =>
    family === 'copy' && (which === undefined || readCopyKey(key, prefixLength) === which)

const copyRows = async (location: string, which?: CopyRow): Promise<StoredRow[]> =>
  ShardEdit.of(await copyOf(location), (shards) => shards.rows(isCopyRow(which)))

/** What users see of it by the rows alone. */
async function seenWithoutCopies(location: string): Promise<unknown> {
  const bare = await copyOf(location)
  await ShardEdit.of(bare, async (shards) => {
    for (const row of await shards.rows(isCopyRow())) await shards.del(row)
  })
  return seen(bare)
}

let sample: string
/** With a copy of each list, as new as the list. */
let copied: string
/** Behind that much has happened. */
let changed: string

async function goOn(store: LocalMessageStore): Promise<void> {
  await store.sendMessage({ sender: 'cem', receiver: 'ann', text: 'later' })
  await store.sendMessage({ sender: 'eva', receiver: 'ann', text: 'new' })
  await store.markRead('ann', { peer: 'ben' })
  await store.markDelivered('ben', { peer: 'ann' }, 20)
  await store.sendMessage({ sender: 'ann', conversationId: 'small', text: 'later' })
  await store.markRead('cem', 'small')
  await store.groups.removeMember('ann', 'large', 'eva')
  // It stands where its last message is from now on, which was before the copy.
  await store.groups.removeMember('dan', 'large', 'dan')
  await store.groups.addMembers('ben', 'quiet', ['eva'])
}

async function lastingCopyOf(store: string): Promise<string> {
  const location = await mkdtemp(join(tmpdir(), 'columba-copies-'))
  await cp(store, location, { recursive: true })
  return location
}

beforeAll(async () => {
  sample = await makeSample()
  copied = await lastingCopyOf(sample)
  let store = await open(copied)
  await lists(store)
  // A checkpoint takes along what waits to be written.
  await store.sendMessage({ sender: 'fay', receiver: 'gil', text: 'something else' })
  await store.close()
  changed = await lastingCopyOf(copied)
  store = await open(changed)
  await goOn(store)
  await store.close()
})
afterAll(async () => {
  for (const store of [sample, copied, changed]) await rm(store, { recursive: true, force: true })
})

describe('lists are what their rows say', () => {
  test('read from copies', async () => {
    // Of somebody who is in large groups only there is nothing to copy.
    expect((await copyRows(copied, 'list')).map(({ id }) => id).sort()).toEqual(['ann', 'ben', 'cem', 'dan'])
    expect(await seen(await copyOf(copied))).toEqual(await seenWithoutCopies(copied))
    expect(await isWhole(await copyOf(copied))).toBe(true)
  })

  test('read from old copies and what came since', async () => {
    const before = await copyRows(copied, 'list')
    const left = await copyRows(changed, 'list')
    expect(left.map(({ payload }) => payload)).toEqual(before.map(({ payload }) => payload))
    expect(await seen(await copyOf(changed))).toEqual(await seenWithoutCopies(changed))
    expect(await isWhole(await copyOf(changed))).toBe(true)
  })

  test('read from copies that cannot be read', async () => {
    const location = await copyOf(copied)
    await ShardEdit.of(location, async (shards) => {
      for (const row of await shards.rows(isCopyRow('list'))) await shards.put(row, Buffer.alloc(9, 0xff))
    })
    expect(await seen(location)).toEqual(await seenWithoutCopies(copied))
  })

  test('read from copies whose bits were flipped', async () => {
    const location = await copyOf(copied)
    await ShardEdit.of(location, async (shards) => {
      for (const row of await shards.rows(isCopyRow()))
        await shards.putRaw(row, Buffer.concat([row.payload, Buffer.alloc(4, 7)]))
    })
    expect(await seen(location)).toEqual(await seenWithoutCopies(copied))
  })
})

test('a list that was read once is one row from then on, and stays so until something happens', async () => {
  const readsOf = async (location: string): Promise<number[]> => {
    const store = await open(location)
    const reads: number[] = []
    for (const user of ['ann', 'cem']) {
      const before = (await cacheOf(store)).rowReads
      await store.getConversations(user)
      reads.push((await cacheOf(store)).rowReads - before)
    }
    await store.close()
    return reads
  }
  const withCopies = await readsOf(await copyOf(copied))
  const without = await readsOf(await copyOf(sample))
  for (const [i, reads] of withCopies.entries()) expect(reads).toBeLessThan(without[i] as number)
})

describe('a copy with a few rows above it', () => {
  const peers = Array.from({ length: 12 }, (_, i) => `peer ${i}`)

  /** A store that does this, and something that takes along what waits to be written. */
  async function during(
    location: string,
    happens: (store: LocalMessageStore) => Promise<unknown>,
  ): Promise<void> {
    const store = await open(location)
    await happens(store)
    await store.sendMessage({ sender: 'fay', receiver: 'gil', text: 'something else' })
    await store.close()
  }

  async function withOldCopy(since: (store: LocalMessageStore) => Promise<unknown>): Promise<string> {
    const location = await temporaryDirectory()
    await during(location, async (store) => {
      for (const sender of peers) await store.sendMessage({ sender, receiver: 'ann', text: 'hello' })
    })
    await during(location, (store) => store.getConversations('ann'))
    await during(location, since)
    return location
  }

  /** Reads of a look at the list by somebody who has just opened the store, and whether it made the copy anew. */
  async function look(location: string): Promise<{ reads: number; isRenewed: boolean }> {
    const [before] = await copyRows(location, 'list')
    let reads = 0
    await during(location, async (store) => {
      const atFirst = (await cacheOf(store)).rowReads
      await store.getConversations('ann')
      reads = (await cacheOf(store)).rowReads - atFirst
    })
    const [after] = await copyRows(location, 'list')
    return { reads, isRenewed: after?.payload.equals(before?.payload as Buffer) === false }
  }

  const send = (store: LocalMessageStore): Promise<unknown> =>
    store.sendMessage({ sender: 'peer 3', receiver: 'ann', text: 'later' })

  test('stays as long as its marks are right', async () => {
    const location = await withOldCopy(send)
    for (let i = 0; i < 2; i++) expect((await look(location)).isRenewed).toBe(false)
  })

  test('is made anew when they are not, so that they are read once', async () => {
    const location = await withOldCopy(async (store) => {
      await send(store)
      await store.markRead('ann', { peer: 'peer 5' })
    })
    const first = await look(location)
    expect(first.isRenewed).toBe(true)
    expect(first.reads).toBeGreaterThan(peers.length)
    await during(location, send)
    const second = await look(location)
    expect(second.isRenewed).toBe(false)
    expect(second.reads).toBeLessThan(peers.length)
    expect(await seen(await copyOf(location))).toEqual(await seenWithoutCopies(location))
  })
})

describe('a list is copied as long as its copy is short', () => {
  /** As long as an id may be. */
  const long = (id: string): string => id.padEnd(256, '.')

  async function fill(
    store: LocalMessageStore,
    { large = 0, small = 0, direct = 0, name = long }: ListOf,
  ): Promise<void> {
    const several = async (count: number, make: (i: number) => Promise<unknown>): Promise<void> => {
      await Promise.all(Array.from({ length: count }, (_, i) => make(i)))
    }
    const others = ['ben', 'cem', 'dan']
    await several(large, (i) =>
      store.groups.create({ id: name(`large ${i}`), creator: 'ann', members: others }),
    )
    await several(small, (i) => store.groups.create({ id: name(`small ${i}`), creator: 'ann', members: [] }))
    await several(direct, (i) =>
      store.sendMessage({ sender: `peer ${i}`, receiver: 'ann', text: 'x'.repeat(900) }),
    )
  }

  interface ListOf {
    readonly large?: number
    readonly small?: number
    readonly direct?: number
    readonly name?: (id: string) => string
  }

  test.each<[string, ListOf, boolean]>([
    ['large groups, small ones and others', { large: 40, small: 40, direct: 10 }, true],
    ['large groups with long ids', { large: 127, direct: 1 }, false],
    ['small groups with long ids', { small: 110, direct: 10 }, false],
    ['long messages', { direct: 40 }, false],
    ['many groups', { large: 120, small: 7, direct: 1, name: (id) => id }, true],
    ['more groups', { large: 120, small: 8, direct: 1, name: (id) => id }, false],
  ])('of %s', async (_, of, isCopied) => {
    const location = await temporaryDirectory()
    let store = await open(location)
    await fill(store, of)
    await store.close()
    store = await open(location)
    const { items } = await store.getConversations('ann', { limit: 150 })
    expect(items.length).toBe((of.large ?? 0) + (of.small ?? 0) + (of.direct ?? 0))
    await store.sendMessage({ sender: 'fay', receiver: 'gil', text: 'something else' })
    await store.close()
    const lengths = (await copyRows(location, 'list')).map(({ payload }) => payload.length)
    expect(lengths.length).toBe(isCopied ? 1 : 0)
    for (const length of lengths) expect(length).toBeLessThanOrEqual(32 * 1024)
  })
})

/** Writes another copy of a user's list. */
function edit(user: string, change: (copy: ListCopy) => Partial<ListCopy>) {
  return async (shards: ShardEdit): Promise<void> => {
    const row = (await shards.rows(isCopyRow('list'))).find(({ id }) => id === user) as StoredRow
    const copy = decodeListCopy(row.payload)
    await shards.put(row, encodeListCopy({ ...copy, ...change(copy) }))
  }
}

const withoutLast = <T>(column: readonly T[]): T[] => column.slice(0, -1)

describe('verify finds a copy', () => {
  test.each<[string, (shards: ShardEdit) => Promise<unknown>]>([
    [
      'without a direct conversation',
      edit('ann', ({ direct: { bytes, starts, ends, positions } }) => ({
        direct: {
          bytes,
          starts: withoutLast(starts),
          ends: withoutLast(ends),
          positions: withoutLast(positions),
        },
      })),
    ],
    ['without a small group', edit('cem', ({ groups }) => ({ groups: withoutLast(groups) }))],
    ['without a large group', edit('dan', () => ({ large: [] }))],
    ['with a group of somebody else', edit('dan', ({ large }) => ({ large: [...large, 'other'] }))],
    [
      'with a group in another place',
      edit('ann', ({ groups }) => ({
        groups: groups.map((group) => ({ ...group, position: group.position - 1 })),
      })),
    ],
    [
      'with another text',
      edit('ann', ({ direct }) => ({
        direct: { ...direct, bytes: direct.bytes.replace('says 6', 'says 7') },
      })),
    ],
    ['of the future', edit('ben', ({ position }) => ({ position: position + 1_000_000 }))],
    [
      'with marks that were other',
      async (shards) => {
        const row = await shards.row('marks', 'ann', annBen)
        const marks = rows.marks.decode(row.payload)
        const [copy] = (await shards.rows(isCopyRow('list'))).filter(({ id }) => id === 'ann')
        const old = rows.marks.encode({ ...marks, read: marks.read - 1 })
        const { direct, ...others } = decodeListCopy((copy as StoredRow).payload)
        const bytes = direct.bytes.replace(row.payload.latin1Slice(), old.latin1Slice())
        expect(bytes).not.toBe(direct.bytes)
        await shards.put(copy as StoredRow, encodeListCopy({ ...others, direct: { ...direct, bytes } }))
      },
    ],
  ])('%s', async (_, damage) => {
    const location = await copyOf(copied)
    await ShardEdit.of(location, damage)
    const store = await open(location)
    const { findings } = await store.admin.verify()
    await store.close()
    expect(new Set(findings.map(({ what }) => what))).toEqual(
      new Set(['copy of a list that is not what the list says']),
    )
  })
})

test('whichever single row of a copy is gone, or is as it was before: lists are right, or verify finds it', async () => {
  const right = JSON.stringify(await seenWithoutCopies(changed))
  const before = new Map((await copyRows(copied)).map((row) => [row.key.toString('hex'), row]))
  const missed: string[] = []
  let tried = 0
  for (const row of await copyRows(changed)) {
    const old = before.get(row.key.toString('hex'))
    for (const way of ['gone', 'old'] as const) {
      if (way === 'old' && (old === undefined || old.payload.equals(row.payload))) continue
      const location = await copyOf(changed)
      await ShardEdit.of(location, (shards) =>
        way === 'gone' ? shards.del(row) : shards.put(row, (old as StoredRow).payload),
      )
      tried++
      const isRight = JSON.stringify(await seen(await copyOf(location))) === right
      if (!isRight && (await isWhole(location))) missed.push(`${way} ${row.id} ${row.key.toString('hex')}`)
      await rm(location, { recursive: true })
    }
  }
  expect(tried).toBeGreaterThan(20)
  expect(missed).toEqual([])
})
