import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { HashFilter } from '../../../src/local/memory/hash-filter.js'
import type { IdSummary } from '../../../src/local/memory/id-index.js'
import { ParkedConversations } from '../../../src/local/memory/parked-conversations.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'

const ids = Array.from({ length: 40 }, (_, i) => directConversationId('one', `other ${i}`))

const head = fc.record({
  head: fc.integer({ min: 1, max: 0x7fffffff }),
  n0: fc.nat(0x7fffffff),
  position: fc.nat(Number.MAX_SAFE_INTEGER),
  timestamp: fc.nat(Number.MAX_SAFE_INTEGER),
  firstBlocked: fc.boolean(),
  secondBlocked: fc.boolean(),
})
const hashes = fc.array(fc.integer({ min: 0, max: 0xffffffff }), { maxLength: 200 })
const summary = fc.oneof(
  fc.constant(null),
  hashes.map((list) => Int32Array.from(list)),
  hashes.map((list) => {
    const filter = new HashFilter(256)
    for (const hash of list) filter.add(hash)
    return filter
  }),
)
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ id: fc.constantFrom(...ids), head, ids: summary }) },
  { weight: 3, arbitrary: fc.record({ take: fc.constantFrom(...ids) }) },
  { weight: 1, arbitrary: fc.record({ trim: fc.nat(20_000) }) },
)

/** What a summary says, in a form that can be compared: a filter by its bits. */
function saying(known: IdSummary | null): unknown {
  if (known instanceof HashFilter) return { count: known.count, bits: [...known.bits] }
  return known === null ? null : [...known]
}

test('what was put is taken as it was, once, unless it had to go', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const parked = new ParkedConversations()
      const known = new Map<string, { head: object; ids: unknown }>()
      for (const each of steps) {
        if ('trim' in each) {
          parked.trim(each.trim)
          expect(parked.bytes).toBeLessThanOrEqual(each.trim)
        } else if ('take' in each) {
          const taken = parked.take(each.take)
          if (taken !== null) {
            expect({ head: taken.head, ids: saying(taken.ids) }).toEqual(known.get(each.take))
          }
          known.delete(each.take)
        } else if (parked.take(each.id) === null || known.has(each.id)) {
          parked.put(each.id, each.head, each.ids)
          known.set(each.id, { head: each.head, ids: saying(each.ids) })
        }
      }
      for (const id of ids) parked.take(id)
      expect([parked.count, parked.bytes]).toEqual([0, 0])
    }),
  )
})

test('nothing is lost as long as there is room, however many there are', () => {
  const parked = new ParkedConversations()
  const many = Array.from({ length: 5000 }, (_, i) => directConversationId(`user ${i}`, 'everybody'))
  const nobody = { n0: 0, timestamp: 0, firstBlocked: false, secondBlocked: false }
  many.forEach((id, i) => parked.put(id, { ...nobody, head: i + 1, position: i }, Int32Array.of(i, -i)))
  expect(parked.count).toBe(5000)
  expect(parked.bytes).toBeLessThan(5000 * 150)
  many.forEach((id, i) => {
    expect(parked.take(id)).toMatchObject({ head: { head: i + 1, position: i }, ids: Int32Array.of(i, -i) })
  })
})

test('those that came since the last time stay', () => {
  const parked = new ParkedConversations()
  const nobody = { head: 1, n0: 0, position: 1, timestamp: 0, firstBlocked: false, secondBlocked: false }
  for (const id of ids.slice(0, 20)) parked.put(id, nobody, null)
  const each = parked.bytes / 20
  parked.trim(10 * each)
  const left = ids.slice(0, 20).filter((id) => parked.take(id) !== null)
  for (const id of left) parked.put(id, nobody, null)
  for (const id of ids.slice(20, 25)) parked.put(id, nobody, null)
  parked.trim(5 * each)
  expect(parked.count).toBe(5)
})

test('a head that fits into no column is not kept', () => {
  const parked = new ParkedConversations()
  const id = ids[0] as (typeof ids)[number]
  const large = { n0: 0, position: 1, timestamp: 0, firstBlocked: false, secondBlocked: false }
  parked.put(id, { ...large, head: 0x80000000 }, null)
  expect(parked.take(id)).toBeNull()
  parked.put(id, { ...large, head: 0x7fffffff, n0: 0x7fffffff }, null)
  expect(parked.take(id)?.head).toMatchObject({ head: 0x7fffffff, n0: 0x7fffffff })
})

/** What `call` does where there is no memory for more than the columns that are there. */
function lacking(memory: 'Float64Array' | 'Uint8Array', call: () => void): void {
  const made = { Float64Array, Uint8Array }[memory]
  const construct = (target: typeof made, given: unknown[], anew: typeof made): object => {
    if (typeof given[0] === 'number') throw new RangeError('Array buffer allocation failed')
    return Reflect.construct(target, given, anew) as object
  }
  vi.stubGlobal(memory, new Proxy(made, { construct }))
  try {
    call()
  } finally {
    vi.unstubAllGlobals()
  }
}

const idOf = (n: number) => directConversationId('one', `later ${n}`)
const headOf = (n: number) => ({
  head: n,
  n0: 0,
  position: n,
  timestamp: n,
  firstBlocked: false,
  secondBlocked: false,
})

test('one that there is no memory for is not kept, and those that come later are kept as they are', () => {
  const parked = new ParkedConversations()
  let kept = 0
  lacking('Float64Array', () =>
    expect(() => {
      for (; kept < 10_000; kept++) parked.put(idOf(kept), headOf(kept), null)
    }).toThrow(RangeError),
  )
  expect(parked.count).toBe(kept)
  for (let n = kept; n < 10_000; n++) parked.put(idOf(n), headOf(n), null)
  for (let n = 0; n < 10_000; n++) expect(parked.take(idOf(n))).toEqual({ head: headOf(n), ids: null })
})

test('nor is one that there is no memory for the keys of, and it takes no room away', () => {
  const parked = new ParkedConversations()
  const keys = Int32Array.of(1, 2, 3)
  lacking('Uint8Array', () => {
    for (let n = 0; n < 1000; n++) expect(() => parked.put(idOf(n), headOf(n), keys)).toThrow(RangeError)
  })
  expect([parked.count, parked.bytes]).toEqual([0, 0])
  lacking('Float64Array', () => {
    for (let n = 0; n < 1000; n++) parked.put(idOf(n), headOf(n), n % 2 === 0 ? keys : null)
  })
  for (let n = 0; n < 1000; n++)
    expect(parked.take(idOf(n))).toEqual({ head: headOf(n), ids: n % 2 === 0 ? keys : null })
  expect([parked.count, parked.bytes]).toEqual([0, 0])
})
