import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checksum } from '../../src/formats/checksum.js'
import type { SegmentHeader } from '../../src/formats/segment.js'
import {
  copyName,
  decodeSegmentHeader,
  encodeSegmentHeader,
  isLeftover,
  logStart,
  nextSegmentName,
  segmentHeaderBytes,
  segmentName,
  segmentNumber,
  tornName,
} from '../../src/formats/segment.js'

const u32 = fc.integer({ min: 0, max: 0xffffffff })
const headers: fc.Arbitrary<SegmentHeader> = fc
  .record({
    storeId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    epoch: u32,
    previous: fc.record({
      number: fc.integer({ min: 0, max: 0xfffffffe }),
      epoch: u32,
      validLength: u32,
      lastPosition: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 1 }),
    }),
  })
  .map((parts) => ({
    ...parts,
    number: parts.previous.number + 1,
    firstPosition: parts.previous.lastPosition + 1,
  }))

describe('the header of a segment', () => {
  test('reads back what was written', () => {
    fc.assert(
      fc.property(headers, (header) => {
        const bytes = encodeSegmentHeader(header)
        expect(bytes.length).toBe(segmentHeaderBytes)
        expect(decodeSegmentHeader(bytes)).toEqual(header)
      }),
    )
  })

  const first = encodeSegmentHeader({
    storeId: new Uint8Array(16).fill(7),
    number: 1,
    epoch: 0xabcdef01,
    firstPosition: 1,
    previous: logStart,
  })

  test('has the bytes of the diagram', () => {
    expect(first.toString('latin1', 0, 4)).toBe('CBL1')
    expect(first.toString('hex', 4, 8)).toBe('01000000')
    expect(first.toString('hex', 24, 40)).toBe('0100000001efcdab0100000000000000')
    expect(first.toString('hex', 40, 60)).toBe('00'.repeat(20))
  })

  test('with any one bit flipped, or cut anywhere, is refused', () => {
    const accepted: number[] = []
    for (let bit = 0; bit < first.length * 8; bit++) {
      const damaged = Buffer.from(first)
      damaged[bit >>> 3]! ^= 1 << (bit & 7)
      if (decodeSegmentHeader(damaged) !== null) accepted.push(bit)
    }
    expect(accepted).toEqual([])
    for (let length = 0; length < first.length; length++) {
      expect(decodeSegmentHeader(first.subarray(0, length))).toBeNull()
    }
  })

  test('of another version is told apart from a damaged one', () => {
    const newer = Buffer.from(first)
    newer.writeUInt16LE(2, 4)
    newer.writeUInt32LE(checksum(newer.subarray(0, 60)), 60)
    expect(decodeSegmentHeader(newer)).toBe(2)
  })

  test('that does not go on from the segment before is refused', () => {
    const header = { storeId: new Uint8Array(16), number: 3, epoch: 1, firstPosition: 8, previous: logStart }
    expect(decodeSegmentHeader(encodeSegmentHeader(header))).toBeNull()
  })
})

describe('names', () => {
  test('of segments read back and sort by number', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 0xffffffff }),
        fc.integer({ min: 1, max: 0xffffffff }),
        (a, b) => {
          expect(segmentNumber(segmentName(a))).toBe(a)
          expect(segmentName(a) < segmentName(b)).toBe(a < b)
        },
      ),
    )
  })

  test('of other files are no segments', () => {
    for (const name of [
      nextSegmentName,
      copyName(1),
      tornName(1, 64),
      'segment-1.log',
      `${segmentName(1)}~`,
      '',
    ]) {
      expect(segmentNumber(name)).toBeNull()
    }
  })

  test('of leftovers are known, and nothing else is one', () => {
    expect([nextSegmentName, copyName(12)].every(isLeftover)).toBe(true)
    expect([segmentName(1), tornName(1, 64), 'notes.copy', 'next.log.bak'].some(isLeftover)).toBe(false)
  })
})

test('the checksum is CRC-32, and goes on from a seed', () => {
  expect(checksum(Buffer.from('123456789'))).toBe(0xcbf43926)
  expect(checksum(Buffer.from('6789'), checksum(Buffer.from('12345')))).toBe(0xcbf43926)
})
