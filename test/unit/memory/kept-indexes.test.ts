import { expect, onTestFinished, test, vi } from 'vitest'
import { ConversationEntry } from '../../../src/local/memory/entries.js'
import { IdHashes } from '../../../src/local/memory/id-index.js'
import { KeptIndexes } from '../../../src/local/memory/kept-indexes.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'
import type { UserId } from '../../../src/model/ids.js'

const newIndexes = (): KeptIndexes =>
  new KeptIndexes({ parkedBytes: () => 1 << 20, exactIds: 48, grew: () => undefined })

const ann = 'ann' as UserId
const noRuns = new Set<number>()
const hashes = (count: number): number[] => Array.from({ length: count }, (_, i) => i * 7919)
/** As many fill the first columns. */
const most = 7 * 1024

function direct(peer: string): ConversationEntry {
  const entry = new ConversationEntry(directConversationId(ann, peer))
  entry.nameBetween(ann, peer as UserId)
  return entry
}

/** A direct conversation of so many messages, of which all keys are known. */
function talk(indexes: KeptIndexes, peer: string, count: number): ConversationEntry {
  const entry = direct(peer)
  entry.loaded = true
  entry.head = entry.position = count
  indexes.make(entry, hashes(count), noRuns)
  return entry
}

/** What `call` gives where there is no memory for arrays that are made in these ways. */
function lacking<T>(
  memory: 'Int32Array' | 'Uint8Array',
  isRefused: (wanted: unknown) => boolean,
  call: () => T,
): T {
  const made = { Int32Array, Uint8Array }[memory]
  const construct = (target: typeof made, given: unknown[], anew: typeof made): object => {
    if (isRefused(given[0])) throw new RangeError('Array buffer allocation failed')
    return Reflect.construct(target, given, anew) as object
  }
  vi.stubGlobal(memory, new Proxy(made, { construct }))
  try {
    return call()
  } finally {
    vi.unstubAllGlobals()
  }
}

const lackingAll = <T>(call: () => T): T => lacking('Int32Array', () => true, call)
const lackingColumns = <T>(call: () => T): T =>
  lacking('Int32Array', (wanted) => wanted === 2 * 8 * 1024, call)

test('an index for which there is no memory is OVERLOADED, and what was begun of it is used for others', () => {
  const indexes = newIndexes()
  const entry = talk(indexes, 'ben', 7)
  const before = indexes.bytes
  lackingAll(() => {
    for (let i = 0; i < 3; i++)
      expect(() => indexes.make(direct('eve'), hashes(most), noRuns)).toThrow(
        expect.objectContaining({ code: 'OVERLOADED', cause: expect.any(RangeError) }),
      )
    expect(indexes.bytes).toBe(before)
    expect(entry.ids?.find(6 * 7919)).toBe(7)
    talk(indexes, 'carl', most - 7)
  })
})

test('an index for which the room is full, and for more of it no memory, is OVERLOADED', () => {
  const indexes = newIndexes()
  const full = vi.spyOn(IdHashes.prototype, 'isFull', 'get').mockReturnValue(true)
  onTestFinished(() => full.mockRestore())
  const entry = direct('ben')
  const make = () => indexes.make(entry, hashes(7), noRuns)
  expect(() => lackingAll(make)).toThrow(expect.objectContaining({ code: 'OVERLOADED' }))
  expect([entry.ids, indexes.bytes]).toEqual([null, 0])
  expect(make().find(7919)).toBe(2)
})

test.each([
  ['at all', lackingAll],
  ['for larger columns', lackingColumns],
])('a conversation that comes back where there is no memory %s is known without its keys', (_, lackingIt) => {
  const indexes = newIndexes()
  indexes.letGo(talk(indexes, 'ben', 21))
  talk(indexes, 'carl', most - 14)
  const back = direct('ben')
  expect(lackingIt(() => indexes.unpark(back))).toMatchObject({ head: 21 })
  expect([back.ids, back.charged, indexes.parkedCount]).toEqual([null, 0, 0])
  lackingIt(() => talk(indexes, 'dora', 14))
  expect(indexes.make(back, hashes(21), noRuns).find(20 * 7919)).toBe(21)
})

test('a conversation that there is no memory to keep anything of goes all the same, and out of all accounts', () => {
  const indexes = newIndexes()
  const entries = ['ben', 'carl'].map((peer) => talk(indexes, peer, 21))
  for (const entry of entries) indexes.letGo(entry)
  const kept = indexes.bytes
  const filled = talk(indexes, 'dora', 9)
  // Its keys take a filter, and the columns of these are made with the first one.
  const long = talk(indexes, 'eve', 100)
  lacking(
    'Uint8Array',
    () => true,
    () => {
      indexes.letGo(long)
      expect([long.ids, long.charged]).toEqual([null, 0])
      expect(indexes.parkedCount).toBe(2)
    },
  )
  lackingAll(() => indexes.letGo(filled))
  expect([filled.ids, indexes.parkedCount, indexes.bytes]).toEqual([null, 2, kept])
  expect(indexes.unpark(direct('eve'))).toBe(null)

  indexes.letGo(talk(indexes, 'eve', 100))
  const back = direct('eve')
  expect(indexes.unpark(back)).toMatchObject({ head: 100 })
  expect(hashes(100).every((hash) => back.ids?.isUnsure(hash))).toBe(true)
})
