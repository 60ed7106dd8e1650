import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  emptyFrame,
  epochOfFrame,
  frameHeaderBytes,
  frameTypes,
  isPayloadSound,
  maxPayloadBytes,
  nextRecord,
  readFrameHeader,
  sealFrame,
} from '../../src/formats/frames.js'

const epoch = 0xc0ffee42

function frameOf(records: Uint8Array[], offset = 64, firstPosition = 1): Buffer {
  const payloadLength = records.reduce((sum, record) => sum + 4 + record.length, 0)
  const bytes = Buffer.alloc(frameHeaderBytes + payloadLength + 8, 0xee)
  let at = frameHeaderBytes
  for (const record of records) {
    at = bytes.writeUInt32LE(record.length, at)
    bytes.set(record, at)
    at += record.length
  }
  const end = sealFrame(bytes, 0, epoch, {
    type: frameTypes.records,
    offset,
    payloadLength,
    firstPosition,
    count: records.length,
    syncedOffset: offset,
  })
  return bytes.subarray(0, end)
}

const idleAt = (offset: number) => ({ type: frameTypes.idle, offset, firstPosition: 9, syncedOffset: offset })

function isWhole(bytes: Buffer, offset: number): boolean {
  const header = readFrameHeader(bytes, 0, epoch, offset)
  return header !== null && isPayloadSound(bytes, frameHeaderBytes, epoch, header)
}

describe('a frame', () => {
  test('has the bytes of the diagram', () => {
    const frame = frameOf([Buffer.from('ab'), Buffer.from('')], 0x50, 0x1_0000_0007)
    expect(frame.length).toBe(frameHeaderBytes + 16)
    expect(frame.toString('latin1', 0, 4)).toBe('CBF1')
    expect(frame.toString('hex', 8, 16)).toBe('500000000a000000')
    expect(frame.toString('hex', 16, 24)).toBe('0700000001000000')
    expect(frame.toString('hex', 24, 32)).toBe('5000000002000000')
    expect(frame.toString('hex', 36, 40)).toBe('01000000')
    expect(frame.toString('hex', 40)).toBe('02000000616200000000000000000000')
  })

  test('tells the epoch of its segment, if both of its checksums fit', () => {
    const frame = frameOf([Buffer.from('ab'), Buffer.from('')], 64)
    const segment = Buffer.concat([Buffer.alloc(64), frame, emptyFrame(epoch, idleAt(64 + frame.length))])
    expect(epochOfFrame(segment, 64)).toBe(epoch)
    expect(epochOfFrame(segment, 64 + frame.length)).toBe(epoch)
    expect(epochOfFrame(segment, 72)).toBeNull()
    expect(epochOfFrame(segment.subarray(0, 64 + frame.length - 8), 64)).toBeNull()
    for (let bit = 0; bit < 8 * frame.length; bit++) {
      const damaged = Buffer.from(segment)
      damaged[64 + (bit >>> 3)] = (damaged[64 + (bit >>> 3)] as number) ^ (1 << (bit & 7))
      expect(epochOfFrame(damaged, 64), `bit ${bit}`).toBeNull()
    }
  })

  test('reads back what was written, for any records', () => {
    const records = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 12 })
    const offset = fc.integer({ min: 8, max: 2 ** 28 }).map((eighth) => eighth * 8)
    const position = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 100 })
    fc.assert(
      fc.property(records, offset, position, (given, at, firstPosition) => {
        const frame = frameOf(given, at, firstPosition)
        const header = readFrameHeader(frame, 0, epoch, at)
        expect(header).toMatchObject({
          type: 1,
          offset: at,
          firstPosition,
          count: given.length,
          syncedOffset: at,
        })
        expect(isWhole(frame, at)).toBe(true)
        expect(frame.length % 8).toBe(0)
        let start = frameHeaderBytes
        for (const record of given) {
          const next = nextRecord(frame, start, frame.length)
          expect(frame.subarray(start + 4, next)).toEqual(Buffer.from(record))
          start = next
        }
      }),
    )
  })

  test('with any one bit flipped, or cut anywhere, is none', () => {
    const frame = frameOf([Buffer.from('hello'), Buffer.from('world!')])
    const accepted: number[] = []
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const damaged = Buffer.from(frame)
      damaged[bit >>> 3]! ^= 1 << (bit & 7)
      if (isWhole(damaged, 64)) accepted.push(bit)
    }
    expect(accepted).toEqual([])
    for (let length = 0; length < frameHeaderBytes; length++) {
      expect(readFrameHeader(frame.subarray(0, length), 0, epoch, 64)).toBeNull()
    }
  })

  test('at another offset or of another epoch is none', () => {
    const frame = frameOf([Buffer.from('hello')])
    expect(readFrameHeader(frame, 0, epoch, 72)).toBeNull()
    expect(readFrameHeader(frame, 0, epoch + 1, 64)).toBeNull()
  })

  test('that claims too much is none, however right its checksum is', () => {
    const sound = {
      type: frameTypes.records,
      offset: 64,
      payloadLength: 8,
      firstPosition: 1,
      count: 1,
      syncedOffset: 64,
    }
    const wrong = [
      { syncedOffset: 72 },
      { firstPosition: 0 },
      { firstPosition: Number.MAX_SAFE_INTEGER },
      { count: 0 },
      { count: 3 },
      { type: 9 as 1 },
      { type: frameTypes.idle },
    ]
    for (const part of wrong) {
      const bytes = Buffer.alloc(frameHeaderBytes + 8)
      sealFrame(bytes, 0, epoch, { ...sound, ...part })
      expect(readFrameHeader(bytes, 0, epoch, 64)).toBeNull()
    }
    const huge = Buffer.alloc(frameHeaderBytes)
    sealFrame(huge.subarray(0), 0, epoch, { ...sound, payloadLength: 0, count: 0, type: frameTypes.idle })
    expect(readFrameHeader(huge, 0, epoch, 64)).not.toBeNull()
    expect(maxPayloadBytes).toBe(16 * 1024 * 1024)
  })

  test('whose records do not fill it exactly is not sound', () => {
    const bytes = Buffer.alloc(frameHeaderBytes + 16)
    const whole = { type: frameTypes.records, offset: 64, firstPosition: 1, syncedOffset: 64 }
    for (const [length, count] of [
      [4, 1],
      [12, 2],
      [0xffffffff, 1],
    ] as const) {
      bytes.writeUInt32LE(length, frameHeaderBytes)
      sealFrame(bytes, 0, epoch, { ...whole, payloadLength: 12, count })
      expect(isWhole(bytes, 64)).toBe(false)
    }
  })

  test('without records is a header alone', () => {
    const idle = emptyFrame(epoch, {
      type: frameTypes.idle,
      offset: 128,
      firstPosition: 5,
      syncedOffset: 128,
    })
    expect(idle.length).toBe(frameHeaderBytes)
    expect(readFrameHeader(idle, 0, epoch, 128)).toMatchObject({
      type: 2,
      count: 0,
      firstPosition: 5,
      syncedOffset: 128,
    })
  })

  test('random bytes are none, and reading them never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const buffer = Buffer.from(bytes)
        for (let at = 0; at < bytes.length; at++) expect(readFrameHeader(buffer, at, epoch, at)).toBeNull()
      }),
    )
  })
})
