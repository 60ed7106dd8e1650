import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeRecord } from '../../../src/formats/records.js'
import type { RecordRange } from '../../../src/local/fold/sink.js'
import { apply, changesOf, fold, meaning, stepsWithoutRows, type Folded, type Rows } from './folded.js'
import { rangeOf, Scribe, type Deed } from './scribe.js'

/** The same few meet again and again: what happens twice in a generation is where mistakes are. */
const number = fc.oneof({ weight: 3, arbitrary: fc.nat(1) }, { weight: 1, arbitrary: fc.nat(20) })
const whats: readonly Deed['what'][] = [
  ...Array.from({ length: 5 }, () => 'direct' as const),
  ...Array.from({ length: 6 }, () => 'message' as const),
  'create',
  'create',
  'join',
  'join',
  'leave',
  'leave',
  'rename',
  'marks',
  'contact',
  'block',
  'user',
]
const mixed: fc.Arbitrary<Deed[]> = fc.array(
  fc.record({ what: fc.constantFrom(...whats), who: number, whom: number, size: number }),
  { minLength: 5, maxLength: 60 },
)

/** One group whose members come, go and come back, and that may become large: what a generation must remember of the one before. */
const restless: fc.Arbitrary<Deed[]> = fc
  .array(
    fc.record({
      what: fc.constantFrom('message' as const, 'message' as const, 'leave' as const, 'join' as const),
      who: fc.oneof(fc.nat(1), fc.nat(4)),
      whom: fc.constant(0),
      size: fc.constant(1),
    }),
    { minLength: 5, maxLength: 25 },
  )
  .map((all) => [{ what: 'create', who: 0, whom: 0, size: 1 }, ...all])

const deeds = fc.oneof(mixed, restless)
const cuts = fc.uniqueArray(fc.nat(40), { maxLength: 8 }).map((all) => new Set(all))

function foldAll(all: readonly Deed[], after: ReadonlySet<number>): Folded[] {
  return Scribe.write(all, after).map(fold)
}

function stateOf(generations: readonly Folded[]): Rows {
  return generations.reduce((state, { writes }) => apply(state, writes), new Map<string, string>())
}

test('the same records give the same rows and the same bytes of the body file', () => {
  fc.assert(
    fc.property(deeds, cuts, (all, after) => {
      expect(foldAll(all, after)).toEqual(foldAll(all, after))
    }),
    { numRuns: 40 },
  )
})

test('a generation writes each row once', () => {
  fc.assert(
    fc.property(deeds, cuts, (all, after) => {
      for (const { writes } of foldAll(all, after)) {
        const places = writes.map(({ shard, key }) => `${shard}/${key}`)
        expect(new Set(places).size).toBe(places.length)
      }
    }),
    { numRuns: 60 },
  )
})

test('of marks a generation tells the last of each kind and user only', () => {
  const marks = [1, 3, 1, 3, 1, 3].map((size): Deed => ({ what: 'marks', who: 0, whom: 0, size }))
  const [generation] = foldAll([{ what: 'create', who: 0, whom: 0, size: 1 }, ...marks], new Set())
  expect(
    changesOf(generation as Folded).filter(({ kind }) => kind === 'read' || kind === 'delivered'),
  ).toEqual([
    expect.objectContaining({ position: 6, kind: 'read' }),
    expect.objectContaining({ position: 7, kind: 'delivered' }),
  ])
})

test('the list of a group is in the order of positions, wherever its marks moved', () => {
  const message = (who: number): Deed => ({ what: 'message', who, whom: 0, size: 1 })
  const readBy = (who: number): Deed => ({ what: 'marks', who, whom: 0, size: 1 })
  const deliveredTo = (who: number): Deed => ({ what: 'marks', who, whom: 0, size: 3 })
  const after = [
    deliveredTo(1),
    readBy(0),
    message(1),
    readBy(1),
    message(0),
    deliveredTo(0),
    readBy(0),
    message(0),
  ]
  const [generation] = foldAll([{ what: 'create', who: 0, whom: 0, size: 3 }, ...after], new Set())
  const told = changesOf(generation as Folded).filter(({ position }) => position > 1)
  expect(told.map(({ position, kind }) => [position, kind])).toEqual([
    [2, 'delivered'],
    [4, 'message'],
    [5, 'read'],
    [6, 'message'],
    [7, 'delivered'],
    [8, 'read'],
    [9, 'message'],
  ])
})

test('however much has happened in one group or to one user, others get their turn while it is written', () => {
  const all = [
    { what: 'create', who: 0, whom: 0, size: 1 } as const,
    ...Array.from({ length: 640 }, () => ({ what: 'message', who: 0, whom: 0, size: 1 }) as const),
    ...Array.from({ length: 640 }, () => ({ what: 'direct', who: 0, whom: 1, size: 1 }) as const),
  ]
  const [group] = Scribe.write(all, new Set())
  expect(stepsWithoutRows(group as RecordRange)).toBeGreaterThanOrEqual(25)
  const marks = Array.from({ length: 100 }, (_, i) => ({
    read: i,
    delivered: i,
    ownAtRead: 0,
    readAt: i + 1,
    deliveredAt: 0,
  }))
  const records = marks.map((each, i) =>
    Buffer.from(
      encodeRecord({ kind: 'groupMarks', time: i, user: `user ${i}`, conversation: 'g', marks: each }),
    ),
  )
  expect(stepsWithoutRows(rangeOf(records, 1))).toBeGreaterThanOrEqual(100)
})

test('folded again over shards that are behind, ahead or full of holes, the rows are the same', () => {
  fc.assert(
    fc.property(deeds, cuts, fc.nat(10), fc.infiniteStream(fc.boolean()), (all, after, durable, kept) => {
      const generations = foldAll(all, after)
      const expected = stateOf(generations)
      const checkpoint = durable % (generations.length + 1)
      // Up to the checkpoint everything is there. Of what came later each row may be there or not.
      const state = stateOf(generations.slice(0, checkpoint))
      const later = generations.slice(checkpoint)
      for (const { writes } of later)
        apply(
          state,
          writes.filter(() => kept.next().value === true),
        )
      for (const { writes } of later) apply(state, writes)
      expect(state).toEqual(expected)
      for (const { writes } of later) apply(state, writes)
      expect(state).toEqual(expected)
    }),
    { numRuns: 300 },
  )
})

test('wherever generations end, the rows say the same', () => {
  fc.assert(
    fc.property(deeds, cuts, cuts, (all, one, other) => {
      const [first, second] = [foldAll(all, one), foldAll(all, other)]
      const said = (generations: readonly Folded[]): Map<string, unknown> =>
        meaning(stateOf(generations), new Map(generations.map(({ file, blocks }) => [file, blocks])))
      expect(said(first)).toEqual(said(second))
    }),
    { numRuns: 300 },
  )
})
