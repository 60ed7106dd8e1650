import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  directMarksBytes,
  readDirectMarks,
  writeDirectMarks,
  type DirectMarks,
} from '../../../src/formats/direct-marks.js'
import { timeAt } from '../../../src/formats/records.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'
import { ids, numbers48 } from './arbitraries.js'
import { damaged, refusesOrReads } from './damaged-bytes.js'

interface Written {
  readonly time: number
  readonly position: number
  readonly by: 'read' | 'delivered'
  readonly isNamed: boolean
  readonly said: DirectMarks
}

const records: fc.Arbitrary<Written> = fc
  .record({
    time: numbers48,
    position: numbers48,
    by: fc.constantFrom('read' as const, 'delivered' as const),
    isNamed: fc.boolean(),
    pair: fc.tuple(ids, ids),
    side: fc.constantFrom(0 as const, 1 as const),
    read: numbers48,
    delivered: numbers48,
    ownAtRead: numbers48,
    other: numbers48,
  })
  .map(({ time, position, by, isNamed, pair, side, other, ...numbers }) => {
    const [readAt, deliveredAt] = by === 'read' ? [position, other] : [other, position]
    return { time, position, by, isNamed, said: { pair, side, marks: { ...numbers, readAt, deliveredAt } } }
  })

function encode({ time, by, isNamed, said: { pair, side, marks } }: Written, before = 0): Buffer {
  const bytes = Buffer.alloc(before + directMarksBytes, 0xa5)
  const name = isNamed ? directConversationId(...pair) : null
  return bytes.subarray(0, writeDirectMarks(bytes, before, time, side, by, marks, ...pair, name))
}

test('marks that were written are read again, wherever they lie', () => {
  fc.assert(
    fc.property(records, fc.nat(20), fc.nat(20), (record, before, behind) => {
      const encoded = encode(record, before)
      const bytes = Buffer.concat([encoded, Buffer.alloc(behind, 0x5a)])
      expect(readDirectMarks(bytes, before, encoded.length, record.position)).toEqual(record.said)
      expect(bytes.readUIntLE(before + timeAt, 6)).toBe(record.time)
    }),
  )
})

test('a record that ends too early, or goes on, is refused', () => {
  fc.assert(
    fc.property(records, (record) => {
      const encoded = encode(record)
      for (let end = 20; end < encoded.length; end++)
        expect(() => readDirectMarks(encoded, 0, end, 1)).toThrow('read')
      const longer = Buffer.concat([encoded, Buffer.of(0)])
      expect(() => readDirectMarks(longer, 0, longer.length, 1)).toThrow('another length')
    }),
    { numRuns: 10 },
  )
})

test('damaged bytes are refused and nothing else', () => {
  fc.assert(
    fc.property(damaged(records.map((record) => encode(record))), (bytes) => {
      refusesOrReads(() => readDirectMarks(bytes, 0, bytes.length, 1))
    }),
  )
})
