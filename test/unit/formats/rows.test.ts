import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rows } from '../../../src/formats/rows.js'
import {
  contactRows,
  directHeads,
  groupRows,
  ids,
  marksRows,
  membershipRows,
  numbers,
  texts,
} from './arbitraries.js'
import { damaged, refusesOrReads } from './damaged-bytes.js'

interface Codec {
  readonly encode: (row: never) => Buffer
  readonly decode: (bytes: Buffer) => unknown
}

const ascending = fc.uniqueArray(fc.nat(2 ** 40), { maxLength: 20 }).map((all) => all.sort((a, b) => a - b))
const profile = fc.option(fc.json(), { nil: undefined })
const contact = fc.tuple(contactRows, fc.nat()).map(([row, position]) => ({ ...row, position }))

/** One row per family of values; list rows carry bytes and are compared by them below. */
const table: readonly (readonly [keyof typeof rows, fc.Arbitrary<unknown>])[] = [
  ['directHead', fc.record({ peer: ids, head: fc.option(directHeads) })],
  ['groupHead', fc.record({ head: numbers, position: numbers, timestamp: numbers })],
  [
    'run',
    fc
      .record({
        file: numbers,
        offset: numbers,
        length: numbers,
        firstSeq: numbers,
        firstPosition: fc.nat(2 ** 40),
        span: fc.nat(2 ** 30),
        hashes: fc.array(fc.nat(2 ** 32 - 1), { maxLength: 70 }),
      })
      .map(({ span, ...run }) => ({
        ...run,
        lastPosition: run.firstPosition + span,
        count: run.hashes.length,
      })),
  ],
  ['own', fc.record({ before: numbers, seqs: ascending })],
  ['marks', marksRows],
  ['contact', contact],
  ['group', groupRows],
  ['membership', membershipRows],
  ['profile', fc.record({ name: texts, profile, position: numbers })],
  ['roll', ids],
]

describe.each(table)('%s', (name, arbitrary) => {
  const codec: Codec = rows[name]

  test('what was encoded is decoded again', () => {
    fc.assert(
      fc.property(arbitrary, (row) => {
        expect(codec.decode(codec.encode(row as never))).toEqual(row)
      }),
    )
  })

  test('other bytes are read as something or refused as CORRUPT', () => {
    fc.assert(
      fc.property(damaged(arbitrary.map((row) => codec.encode(row as never))), (bytes) => {
        refusesOrReads(() => codec.decode(bytes))
      }),
    )
  })
})

describe('directList', () => {
  const lists = fc.record({
    peer: ids,
    head: numbers,
    n0: numbers,
    timestamp: numbers,
    second: fc.boolean(),
    body: fc.option(
      fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.nat(5), fc.nat(5)).map(([bytes, before, behind]) => ({
        bytes: Buffer.concat([Buffer.alloc(before, 1), bytes, Buffer.alloc(behind, 2)]),
        start: before,
        end: before + bytes.length,
      })),
    ),
  })

  test('what was encoded is decoded again, the body by its bytes', () => {
    fc.assert(
      fc.property(lists, ({ body, ...row }) => {
        const { body: decoded, ...rest } = rows.directList.decode(rows.directList.encode({ ...row, body }))
        expect(rest).toEqual(row)
        expect(decoded?.bytes.subarray(decoded.start, decoded.end)).toEqual(
          body?.bytes.subarray(body.start, body.end),
        )
      }),
    )
  })

  test('other bytes are read as something or refused as CORRUPT', () => {
    fc.assert(
      fc.property(damaged(lists.map((row) => rows.directList.encode(row))), (bytes) => {
        refusesOrReads(() => rows.directList.decode(bytes))
      }),
    )
  })
})
