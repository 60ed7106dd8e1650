import { checksum, seedOf } from './checksum.js'

/**
 * A frame is what one group commit writes: the records that gathered, one after the other, behind one header.
 * All numbers are little-endian; frames begin and end at multiples of 8.
 *
 *      0        4        8        12       16                24       28       32       36    40
 *     ┌────────┬────────┬────────┬────────┬─────────────────┬────────┬────────┬────────┬─┬───┐
 *     │ magic  │ header │ offset │payload │  first position │ synced │ record │payload │t│ 0 │
 *     │ "CBF1" │  CRC   │        │ length │       u64       │ offset │ count  │  CRC   │y│   │
 *     └────────┴────────┴────────┴────────┴─────────────────┴────────┴────────┴────────┴─┴───┘
 *     ┌────────┬────────────┬────────┬────────────┬─ ─ ─┬─────────┐
 *     │length 1│  record 1  │length 2│  record 2  │     │ 0 … 0   │  payload, then zeroes up to a multiple of 8
 *     └────────┴────────────┴────────┴────────────┴─ ─ ─┴─────────┘
 *
 *  - header CRC: over bytes 8 to 40, seeded with the segment's epoch. A length is trusted only behind it.
 *  - offset: where the frame begins in its segment; a frame that was copied elsewhere is none.
 *  - first position: of the first record; in a frame without records, of the record that comes next.
 *  - synced offset: everything before it was on the disk when this frame was made. Damage there is never a torn write.
 *  - payload CRC: over payload and padding, seeded with the epoch.
 *  - ty(pe): 1 records; 2 idle, which only carries a synced offset; 3 end, the last frame of a closed log.
 */
export const frameHeaderBytes = 40

/** Frames begin at multiples of it. */
export const frameAlignment = 8

/** The payload of one frame; a length above it is damage, whatever the checksum says. */
export const maxPayloadBytes = 16 * 1024 * 1024

/** The length before each record. */
export const recordLengthBytes = 4

export const frameTypes = { records: 1, idle: 2, end: 3 } as const
export type FrameType = (typeof frameTypes)[keyof typeof frameTypes]

export interface FrameHeader {
  readonly type: FrameType
  readonly offset: number
  /** Without the padding. */
  readonly payloadLength: number
  readonly firstPosition: number
  readonly count: number
  readonly syncedOffset: number
  readonly payloadChecksum: number
}

const magic = 0x31464243
const at = {
  magic: 0,
  headerChecksum: 4,
  offset: 8,
  payloadLength: 12,
  firstPosition: 16,
  syncedOffset: 24,
  count: 28,
  payloadChecksum: 32,
  type: 36,
} as const

/** The bytes that a payload of this length takes with its padding. */
export function paddedLength(payloadLength: number): number {
  return Math.ceil(payloadLength / frameAlignment) * frameAlignment
}

/**
 * Writes the header in front of a payload that lies in `into` from `start` + 40 on, and zeroes its padding. The frame
 * is `into` from `start` to the offset that is returned.
 */
export function sealFrame(
  into: Buffer,
  start: number,
  epoch: number,
  frame: Omit<FrameHeader, 'payloadChecksum'>,
): number {
  const payloadStart = start + frameHeaderBytes
  const payloadEnd = payloadStart + frame.payloadLength
  const end = payloadStart + paddedLength(frame.payloadLength)
  into.fill(0, payloadEnd, end)
  into.writeUInt32LE(magic, start + at.magic)
  into.writeUInt32LE(frame.offset, start + at.offset)
  into.writeUInt32LE(frame.payloadLength, start + at.payloadLength)
  into.writeBigUInt64LE(BigInt(frame.firstPosition), start + at.firstPosition)
  into.writeUInt32LE(frame.syncedOffset, start + at.syncedOffset)
  into.writeUInt32LE(frame.count, start + at.count)
  into.writeUInt32LE(checksum(into.subarray(payloadStart, end), epoch), start + at.payloadChecksum)
  into.writeUInt32LE(frame.type, start + at.type)
  into.writeUInt32LE(headerChecksum(into, start, epoch), start + at.headerChecksum)
  return end
}

/** A frame without records: idle or end. */
export function emptyFrame(
  epoch: number,
  frame: Pick<FrameHeader, 'type' | 'offset' | 'firstPosition' | 'syncedOffset'>,
): Buffer {
  const bytes = Buffer.alloc(frameHeaderBytes)
  sealFrame(bytes, 0, epoch, { ...frame, payloadLength: 0, count: 0 })
  return bytes
}

/**
 * Reads the header of the frame that is said to begin at `offset` of its segment and lies in `bytes` from `start` on.
 * Null if there is none: nothing of it can be trusted then. The payload is not looked at.
 */
export function readFrameHeader(
  bytes: Buffer,
  start: number,
  epoch: number,
  offset: number,
): FrameHeader | null {
  if (start + frameHeaderBytes > bytes.length) return null
  if (bytes.readUInt32LE(start + at.magic) !== magic) return null
  if (bytes.readUInt32LE(start + at.headerChecksum) !== headerChecksum(bytes, start, epoch)) return null
  const header = {
    type: bytes.readUInt32LE(start + at.type) as FrameType,
    offset: bytes.readUInt32LE(start + at.offset),
    payloadLength: bytes.readUInt32LE(start + at.payloadLength),
    firstPosition: Number(bytes.readBigUInt64LE(start + at.firstPosition)),
    count: bytes.readUInt32LE(start + at.count),
    syncedOffset: bytes.readUInt32LE(start + at.syncedOffset),
    payloadChecksum: bytes.readUInt32LE(start + at.payloadChecksum),
  }
  return header.offset === offset && isSound(header) ? header : null
}

/**
 * The epoch of a segment by the frame that seems to begin at `start`, both there and in the segment: both checksums of a
 * frame are seeded with it, so the one that the header's asks for is right if it fits the payload's as well. Null if not.
 */
export function epochOfFrame(segment: Buffer, start: number): number | null {
  if (start + frameHeaderBytes > segment.length || segment.readUInt32LE(start + at.magic) !== magic)
    return null
  const header = segment.subarray(start + at.offset, start + frameHeaderBytes)
  const epoch = seedOf(header, segment.readUInt32LE(start + at.headerChecksum))
  const frame = readFrameHeader(segment, start, epoch, start)
  if (frame === null) return null
  const payload = start + frameHeaderBytes
  const isInside = payload + paddedLength(frame.payloadLength) <= segment.length
  return isInside && isPayloadSound(segment, payload, epoch, frame) ? epoch : null
}

function isSound({ type, offset, payloadLength, firstPosition, count, syncedOffset }: FrameHeader): boolean {
  if (payloadLength > maxPayloadBytes || syncedOffset > offset) return false
  if (!Number.isSafeInteger(firstPosition + count) || firstPosition < 1) return false
  if (type === frameTypes.records) return count > 0 && count * recordLengthBytes <= payloadLength
  return (type === frameTypes.idle || type === frameTypes.end) && payloadLength === 0 && count === 0
}

/** True if the payload from `start` on, which must lie in `bytes` with its padding, is what the header says. */
export function isPayloadSound(bytes: Buffer, start: number, epoch: number, header: FrameHeader): boolean {
  const padded = bytes.subarray(start, start + paddedLength(header.payloadLength))
  if (checksum(padded, epoch) !== header.payloadChecksum) return false
  let next = start
  for (let record = 0; record < header.count; record++)
    next = nextRecord(bytes, next, start + header.payloadLength)
  return next === start + header.payloadLength
}

/** Where the record behind the one at `start` begins; NaN if that one does not end at or before `end`. */
export function nextRecord(bytes: Buffer, start: number, end: number): number {
  const content = start + recordLengthBytes
  if (!(content <= end)) return Number.NaN
  const next = content + bytes.readUInt32LE(start)
  return next <= end ? next : Number.NaN
}

function headerChecksum(bytes: Buffer, start: number, epoch: number): number {
  return checksum(bytes.subarray(start + at.offset, start + frameHeaderBytes), epoch)
}
