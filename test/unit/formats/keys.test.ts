import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  describeKey,
  families,
  familyRange,
  groupPartition,
  keys,
  maxPosition,
  numberedRange,
  readIdKey,
  readListKey,
  readNumberKey,
  readNumberedKey,
  recentBelow,
  userPartition,
  type Family,
} from '../../../src/formats/keys.js'
import { ids, numbers48 } from './arbitraries.js'

const partitions = { user: userPartition, group: groupPartition } as const
const kinds = fc.constantFrom('user' as const, 'group' as const)

/** One key of each family. */
const makers: Readonly<Record<Family, (row: Buffer, id: string, number: number) => Buffer>> = {
  head: (row, id) => keys.head(row, id),
  list: (row, id, number) => (number % 2 === 0 ? keys.large(row, id) : keys.recent(row, number, id)),
  runs: (row, id, number) => keys.run(row, id, number),
  marks: (row, id) => keys.marks(row, id),
  changes: (row, _id, number) => keys.changes(row, number),
  profile: (row) => keys.profile(row),
  contact: (row, id) => keys.contact(row, id),
  membership: (row, id) => keys.membership(row, id),
  group: (row) => keys.group(row),
  member: (row, id) => keys.member(row, id),
  roll: (row, _id, number) => keys.roll(row, number),
  own: (row, id, number) => keys.own(row, id, number),
  copy: (row, _id, number) => keys.copy(row, (['touched', 'marked', 'list'] as const)[number % 3]!),
}
const familyNames = fc.constantFrom(...(Object.keys(families) as Family[]))
const sign = (order: number): number => Math.sign(order)
const isIn = (key: Buffer, { gte, lt }: { gte: Buffer; lt: Buffer }): boolean =>
  Buffer.compare(key, gte) >= 0 && Buffer.compare(key, lt) < 0

describe('partitions', () => {
  test('the order of rows is the order of the bytes of their ids', () => {
    fc.assert(
      fc.property(ids, ids, familyNames, ids, numbers48, (a, b, family, id, number) => {
        fc.pre(a !== b)
        const make = makers[family]
        const order = Buffer.compare(make(userPartition(a), id, number), make(userPartition(b), id, number))
        expect(sign(order)).toBe(sign(Buffer.compare(Buffer.from(a), Buffer.from(b))))
      }),
    )
  })

  test('no partition covers a key of another one', () => {
    const close = ['a', 'a\0', 'a\0b', 'ab', 'a\0\0', 'a\0\xff', 'a\x01']
    const rows = close.flatMap((id) => [userPartition(id), groupPartition(id)])
    for (const row of rows) {
      for (const other of rows) {
        if (row === other) continue
        for (const family of Object.keys(families) as Family[])
          expect(isIn(makers[family](other, 'a', 7), familyRange(row, family))).toBe(false)
      }
    }
    fc.assert(
      fc.property(kinds, ids, kinds, ids, familyNames, (kind, id, otherKind, otherId, family) => {
        fc.pre(kind !== otherKind || id !== otherId)
        const row = partitions[kind](id)
        const key = makers[family](partitions[otherKind](otherId), id, 1)
        expect(isIn(key, familyRange(row, family))).toBe(false)
      }),
    )
  })

  test('a key lies in the range of its own family and of no other', () => {
    fc.assert(
      fc.property(kinds, ids, familyNames, ids, numbers48, (kind, rowId, family, id, number) => {
        const row = partitions[kind](rowId)
        const key = makers[family](row, id, number)
        for (const name of Object.keys(families) as Family[])
          expect(isIn(key, familyRange(row, name))).toBe(name === family)
      }),
    )
  })
})

describe('describeKey', () => {
  test('says of every key what it was made of', () => {
    fc.assert(
      fc.property(kinds, ids, familyNames, ids, numbers48, (kind, rowId, family, id, number) => {
        const row = partitions[kind](rowId)
        const key = makers[family](row, id, number)
        expect(describeKey(key)).toEqual({ kind, row: rowId, rowLength: row.length, family })
      }),
    )
  })

  test('gives null, or a family, for anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        const found = describeKey(Buffer.from(bytes))
        if (found !== null) expect(Object.keys(families)).toContain(found.family)
      }),
    )
    expect(describeKey(Buffer.alloc(0))).toBeNull()
    expect(describeKey(Buffer.from([0, 0x69]))).toBeNull()
  })
})

describe('columns', () => {
  test('ids and numbers are read from the keys they were written to', () => {
    fc.assert(
      fc.property(ids, ids, numbers48, (rowId, id, number) => {
        const row = userPartition(rowId)
        for (const family of ['head', 'marks', 'contact', 'membership', 'member'] as const)
          expect(readIdKey(keys[family](row, id), row.length)).toBe(id)
        for (const key of [keys.roll(row, number), keys.changes(row, number), keys.run(row, id, number)])
          expect(readNumberKey(key)).toBe(number)
        expect(readNumberedKey(keys.own(row, id, number), row.length)).toEqual({ id, number })
        expect(readListKey(keys.large(row, id), row.length)).toEqual({
          large: true,
          position: 0,
          conversation: id,
        })
        expect(readListKey(keys.recent(row, number, id), row.length)).toEqual({
          large: false,
          position: number,
          conversation: id,
        })
      }),
    )
  })

  test('runs are ordered by number and those of another conversation are not among them', () => {
    fc.assert(
      fc.property(ids, ids, ids, numbers48, numbers48, (rowId, a, b, first, second) => {
        const row = userPartition(rowId)
        const order = Buffer.compare(keys.run(row, a, first), keys.run(row, a, second))
        expect(sign(order)).toBe(sign(first - second))
        const range = numberedRange(row, 'runs', a, 0)
        expect(isIn(keys.run(row, a, Math.min(first, 2 ** 47)), range)).toBe(true)
        if (a !== b) expect(isIn(keys.run(row, b, first), range)).toBe(false)
      }),
    )
  })

  test('runs of an id that another id begins with are apart', () => {
    const row = userPartition('u')
    const close = ['a', 'a\0', 'a\0\0', 'a\0b', 'ab', 'a\x01']
    for (const a of close) {
      for (const b of close) {
        for (const number of [0, 1, 2 ** 40, 2 ** 47]) {
          expect(isIn(keys.own(row, b, number), numberedRange(row, 'own', a, 0))).toBe(a === b)
        }
      }
    }
  })

  test('a list begins with large groups and goes on by descending position; below is below', () => {
    fc.assert(
      fc.property(ids, ids, ids, numbers48, numbers48, (rowId, a, b, first, second) => {
        const row = userPartition(rowId)
        expect(Buffer.compare(keys.large(row, a), keys.recent(row, maxPosition, b))).toBe(-1)
        if (first !== second) {
          const order = Buffer.compare(keys.recent(row, first, a), keys.recent(row, second, b))
          expect(sign(order)).toBe(sign(second - first))
        }
        expect(isIn(keys.recent(row, first, a), recentBelow(row, second))).toBe(first < second)
        expect(isIn(keys.recent(row, first, a), recentBelow(row, undefined))).toBe(true)
        expect(isIn(keys.large(row, a), recentBelow(row, second))).toBe(false)
      }),
    )
  })
})

describe('golden keys', () => {
  const row = userPartition('u\0v')
  const direct = `d.${'A'.repeat(27)}B`
  test.each([
    ['head', keys.head(row, direct), '017500ff760001fe000000000000000000000000000000000000000001'],
    ['head of a group', keys.head(groupPartition('g'), 'g'), '0267000167'],
    [
      'list',
      keys.recent(row, 300, direct),
      '017500ff76000201fffffffffed3fe000000000000000000000000000000000000000001',
    ],
    ['list, large group', keys.large(row, 'g'), '017500ff7600020067'],
    [
      'runs',
      keys.run(row, direct, 300),
      '017500ff760003fe00000000000000000000000000000000000000000100000000012c',
    ],
    ['runs of a group', keys.run(groupPartition('g\0'), 'g\0', 300), '026700ff00036700ff0000000000012c'],
    ['marks', keys.marks(row, direct), '017500ff760004fe000000000000000000000000000000000000000001'],
    ['changes', keys.changes(row, 300), '017500ff76000500000000012c'],
    ['profile', keys.profile(row), '017500ff760006'],
    ['contact', keys.contact(row, 'é'), '017500ff760007c3a9'],
    ['membership', keys.membership(row, 'g'), '017500ff76000867'],
    ['group', keys.group(groupPartition('g')), '02670009'],
    ['member', keys.member(groupPartition('g'), 'é'), '0267000ac3a9'],
    ['roll', keys.roll(groupPartition('g'), 300), '0267000b00000000012c'],
    ['own', keys.own(row, 'g', 300), '017500ff76000c670000000000012c'],
    ['copy, touched', keys.copy(row, 'touched'), '017500ff76000d00'],
    ['copy, marked', keys.copy(row, 'marked'), '017500ff76000d01'],
    ['copy, list', keys.copy(row, 'list'), '017500ff76000d02'],
  ])('%s', (_, key, hex) => {
    expect(key.toString('hex')).toBe(hex)
  })
})
