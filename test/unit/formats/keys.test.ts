import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  describeKey,
  families,
  familyRange,
  groupPrefix,
  keys,
  maxPosition,
  numberedRange,
  readIdKey,
  readListKey,
  readNumberKey,
  readNumberedKey,
  recentBelow,
  userPrefix,
  type Family,
} from '../../../src/formats/keys.js'
import { ids, numbers48 } from './arbitraries.js'

const partitions = { user: userPrefix, group: groupPrefix } as const
const kinds = fc.constantFrom('user' as const, 'group' as const)

/** One key of each family. */
const makers: Readonly<Record<Family, (prefix: Buffer, id: string, number: number) => Buffer>> = {
  head: (prefix, id) => keys.head(prefix, id),
  list: (prefix, id, number) => (number % 2 === 0 ? keys.large(prefix, id) : keys.recent(prefix, number, id)),
  runs: (prefix, id, number) => keys.run(prefix, id, number),
  marks: (prefix, id) => keys.marks(prefix, id),
  changes: (prefix, _id, number) => keys.changes(prefix, number),
  profile: (prefix) => keys.profile(prefix),
  contact: (prefix, id) => keys.contact(prefix, id),
  membership: (prefix, id) => keys.membership(prefix, id),
  group: (prefix) => keys.group(prefix),
  member: (prefix, id) => keys.member(prefix, id),
  roll: (prefix, _id, number) => keys.roll(prefix, number),
  own: (prefix, id, number) => keys.own(prefix, id, number),
  copy: (prefix, _id, number) => keys.copy(prefix, (['touched', 'marked', 'list'] as const)[number % 3]!),
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
        const order = Buffer.compare(make(userPrefix(a), id, number), make(userPrefix(b), id, number))
        expect(sign(order)).toBe(sign(Buffer.compare(Buffer.from(a), Buffer.from(b))))
      }),
    )
  })

  test('no partition covers a key of another one', () => {
    const close = ['a', 'a\0', 'a\0b', 'ab', 'a\0\0', 'a\0\xff', 'a\x01']
    const prefixes = close.flatMap((id) => [userPrefix(id), groupPrefix(id)])
    for (const prefix of prefixes) {
      for (const other of prefixes) {
        if (prefix === other) continue
        for (const family of Object.keys(families) as Family[])
          expect(isIn(makers[family](other, 'a', 7), familyRange(prefix, family))).toBe(false)
      }
    }
    fc.assert(
      fc.property(kinds, ids, kinds, ids, familyNames, (kind, id, otherKind, otherId, family) => {
        fc.pre(kind !== otherKind || id !== otherId)
        const prefix = partitions[kind](id)
        const key = makers[family](partitions[otherKind](otherId), id, 1)
        expect(isIn(key, familyRange(prefix, family))).toBe(false)
      }),
    )
  })

  test('a key lies in the range of its own family and of no other', () => {
    fc.assert(
      fc.property(kinds, ids, familyNames, ids, numbers48, (kind, owner, family, id, number) => {
        const prefix = partitions[kind](owner)
        const key = makers[family](prefix, id, number)
        for (const name of Object.keys(families) as Family[])
          expect(isIn(key, familyRange(prefix, name))).toBe(name === family)
      }),
    )
  })
})

describe('describeKey', () => {
  test('says of every key what it was made of', () => {
    fc.assert(
      fc.property(kinds, ids, familyNames, ids, numbers48, (kind, owner, family, id, number) => {
        const prefix = partitions[kind](owner)
        const key = makers[family](prefix, id, number)
        expect(describeKey(key)).toEqual({ kind, owner, prefixLength: prefix.length, family })
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
      fc.property(ids, ids, numbers48, (owner, id, number) => {
        const prefix = userPrefix(owner)
        for (const family of ['head', 'marks', 'contact', 'membership', 'member'] as const)
          expect(readIdKey(keys[family](prefix, id), prefix.length)).toBe(id)
        for (const key of [
          keys.roll(prefix, number),
          keys.changes(prefix, number),
          keys.run(prefix, id, number),
        ])
          expect(readNumberKey(key)).toBe(number)
        expect(readNumberedKey(keys.own(prefix, id, number), prefix.length)).toEqual({ id, number })
        expect(readListKey(keys.large(prefix, id), prefix.length)).toEqual({
          large: true,
          position: 0,
          conversation: id,
        })
        expect(readListKey(keys.recent(prefix, number, id), prefix.length)).toEqual({
          large: false,
          position: number,
          conversation: id,
        })
      }),
    )
  })

  test('runs are ordered by number and those of another conversation are not among them', () => {
    fc.assert(
      fc.property(ids, ids, ids, numbers48, numbers48, (owner, a, b, first, second) => {
        const prefix = userPrefix(owner)
        const order = Buffer.compare(keys.run(prefix, a, first), keys.run(prefix, a, second))
        expect(sign(order)).toBe(sign(first - second))
        const range = numberedRange(prefix, 'runs', a, 0)
        expect(isIn(keys.run(prefix, a, Math.min(first, 2 ** 47)), range)).toBe(true)
        if (a !== b) expect(isIn(keys.run(prefix, b, first), range)).toBe(false)
      }),
    )
  })

  test('runs of an id that another id begins with are apart', () => {
    const prefix = userPrefix('u')
    const close = ['a', 'a\0', 'a\0\0', 'a\0b', 'ab', 'a\x01']
    for (const a of close) {
      for (const b of close) {
        for (const number of [0, 1, 2 ** 40, 2 ** 47]) {
          expect(isIn(keys.own(prefix, b, number), numberedRange(prefix, 'own', a, 0))).toBe(a === b)
        }
      }
    }
  })

  test('a list begins with large groups and goes on by descending position; below is below', () => {
    fc.assert(
      fc.property(ids, ids, ids, numbers48, numbers48, (owner, a, b, first, second) => {
        const prefix = userPrefix(owner)
        expect(Buffer.compare(keys.large(prefix, a), keys.recent(prefix, maxPosition, b))).toBe(-1)
        if (first !== second) {
          const order = Buffer.compare(keys.recent(prefix, first, a), keys.recent(prefix, second, b))
          expect(sign(order)).toBe(sign(second - first))
        }
        expect(isIn(keys.recent(prefix, first, a), recentBelow(prefix, second))).toBe(first < second)
        expect(isIn(keys.recent(prefix, first, a), recentBelow(prefix, undefined))).toBe(true)
        expect(isIn(keys.large(prefix, a), recentBelow(prefix, second))).toBe(false)
      }),
    )
  })
})

describe('golden keys', () => {
  const prefix = userPrefix('u\0v')
  const direct = `d.${'A'.repeat(27)}B`
  test.each([
    ['head', keys.head(prefix, direct), '017500ff760001fe000000000000000000000000000000000000000001'],
    ['head of a group', keys.head(groupPrefix('g'), 'g'), '0267000167'],
    [
      'list',
      keys.recent(prefix, 300, direct),
      '017500ff76000201fffffffffed3fe000000000000000000000000000000000000000001',
    ],
    ['list, large group', keys.large(prefix, 'g'), '017500ff7600020067'],
    [
      'runs',
      keys.run(prefix, direct, 300),
      '017500ff760003fe00000000000000000000000000000000000000000100000000012c',
    ],
    ['runs of a group', keys.run(groupPrefix('g\0'), 'g\0', 300), '026700ff00036700ff0000000000012c'],
    ['marks', keys.marks(prefix, direct), '017500ff760004fe000000000000000000000000000000000000000001'],
    ['changes', keys.changes(prefix, 300), '017500ff76000500000000012c'],
    ['profile', keys.profile(prefix), '017500ff760006'],
    ['contact', keys.contact(prefix, 'é'), '017500ff760007c3a9'],
    ['membership', keys.membership(prefix, 'g'), '017500ff76000867'],
    ['group', keys.group(groupPrefix('g')), '02670009'],
    ['member', keys.member(groupPrefix('g'), 'é'), '0267000ac3a9'],
    ['roll', keys.roll(groupPrefix('g'), 300), '0267000b00000000012c'],
    ['own', keys.own(prefix, 'g', 300), '017500ff76000c670000000000012c'],
    ['copy, touched', keys.copy(prefix, 'touched'), '017500ff76000d00'],
    ['copy, marked', keys.copy(prefix, 'marked'), '017500ff76000d01'],
    ['copy, list', keys.copy(prefix, 'list'), '017500ff76000d02'],
  ])('%s', (_, key, hex) => {
    expect(key.toString('hex')).toBe(hex)
  })
})
