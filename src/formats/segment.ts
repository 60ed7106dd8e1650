import { checksum } from './checksum.js'

/**
 * The log is a chain of segments, files of frames (see `frames.ts`) behind this header of 64 bytes. Numbers are
 * little-endian. The header names the segment before it and says where that one ends, so that a missing, doubled,
 * swapped or shortened segment is seen, and whatever lies behind that end is dead.
 *
 *      0      4    6    8               24     28     32              40              48     52     56     60   64
 *     ┌──────┬────┬────┬───────────────┬──────┬──────┬───────────────┬───────────────┬──────┬──────┬──────┬──────┐
 *     │"CBL1"│ver-│ 0  │   store id    │number│epoch │first position │ last position │number│epoch │valid │header│
 *     │      │sion│    │   16 bytes    │      │      │      u64      │      u64      │      │      │length│ CRC  │
 *     └──────┴────┴────┴───────────────┴──────┴──────┴───────────────┴───────────────┴──────┴──────┴──────┴──────┘
 *                                                                    └────────── of the segment before ──┘
 *
 *  - number: 1, 2, 3, …; also in the file's name. The segment before the first one has the number 0.
 *  - epoch: drawn at random for each segment; every checksum of its frames is seeded with it.
 *  - first position: of the first record that the segment will hold.
 *  - valid length: where the last frame of the segment before ends.
 */
export const segmentHeaderBytes = 64

/** Offsets are 32-bit numbers, and the last frame of a segment may go beyond this by its own length. */
export const maxSegmentBytes = 1024 * 1024 * 1024

export const segmentVersion = 1

export interface SegmentEnd {
  readonly number: number
  readonly epoch: number
  readonly validLength: number
  readonly lastPosition: number
}

export interface SegmentHeader {
  /** 16 bytes. */
  readonly storeId: Uint8Array
  readonly number: number
  readonly epoch: number
  readonly firstPosition: number
  readonly previous: SegmentEnd
}

/** What stands before the first segment of a log. */
export const logStart: SegmentEnd = Object.freeze({ number: 0, epoch: 0, validLength: 0, lastPosition: 0 })

const magic = 0x314c4243
const storeIdBytes = 16
const at = {
  magic: 0,
  version: 4,
  reserved: 6,
  storeId: 8,
  number: 24,
  epoch: 28,
  firstPosition: 32,
  previousLastPosition: 40,
  previousNumber: 48,
  previousEpoch: 52,
  previousValidLength: 56,
  checksum: 60,
} as const

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(segmentHeaderBytes)
  bytes.writeUInt32LE(magic, at.magic)
  bytes.writeUInt16LE(segmentVersion, at.version)
  bytes.set(header.storeId.subarray(0, storeIdBytes), at.storeId)
  bytes.writeUInt32LE(header.number, at.number)
  bytes.writeUInt32LE(header.epoch, at.epoch)
  bytes.writeBigUInt64LE(BigInt(header.firstPosition), at.firstPosition)
  bytes.writeBigUInt64LE(BigInt(header.previous.lastPosition), at.previousLastPosition)
  bytes.writeUInt32LE(header.previous.number, at.previousNumber)
  bytes.writeUInt32LE(header.previous.epoch, at.previousEpoch)
  bytes.writeUInt32LE(header.previous.validLength, at.previousValidLength)
  bytes.writeUInt32LE(checksum(bytes.subarray(0, at.checksum)), at.checksum)
  return bytes
}

/**
 * Reads a header of 64 bytes: null if it is damaged, a number if it is whole but of that other version of the format.
 */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader | number | null {
  if (bytes.length < segmentHeaderBytes || bytes.readUInt32LE(at.magic) !== magic) return null
  if (bytes.readUInt32LE(at.checksum) !== checksum(bytes.subarray(0, at.checksum))) return null
  const version = bytes.readUInt16LE(at.version)
  if (version !== segmentVersion) return version
  const header = {
    storeId: Uint8Array.from(bytes.subarray(at.storeId, at.storeId + storeIdBytes)),
    number: bytes.readUInt32LE(at.number),
    epoch: bytes.readUInt32LE(at.epoch),
    firstPosition: Number(bytes.readBigUInt64LE(at.firstPosition)),
    previous: {
      number: bytes.readUInt32LE(at.previousNumber),
      epoch: bytes.readUInt32LE(at.previousEpoch),
      validLength: bytes.readUInt32LE(at.previousValidLength),
      lastPosition: Number(bytes.readBigUInt64LE(at.previousLastPosition)),
    },
  }
  return isSound(header) && bytes.readUInt16LE(at.reserved) === 0 ? header : null
}

/** Positions go on without a gap, and so do numbers. */
function isSound({ number, firstPosition, previous }: SegmentHeader): boolean {
  if (!Number.isSafeInteger(firstPosition)) return false
  return number === previous.number + 1 && firstPosition === previous.lastPosition + 1
}

const nameDigits = 10
const namePattern = /^segment-(\d{10})\.log$/

/** Sorted by name is sorted by number. */
export function segmentName(number: number): string {
  return `segment-${String(number).padStart(nameDigits, '0')}.log`
}

/** The number in a segment's name, or null for any other name. */
export function segmentNumber(name: string): number | null {
  const digits = namePattern.exec(name)?.[1]
  return digits === undefined ? null : Number(digits)
}

/** A segment that is being made: it gets its own name when its header is on the disk. */
export const nextSegmentName = 'next.log'

/** A copy of the last segment of a log that did not end cleanly, until it takes that one's name. */
export function copyName(number: number): string {
  return `${segmentName(number)}.copy`
}

/** What was cut off the end of such a segment, for whoever wants to look at it. It is never read again. */
export function tornName(number: number, offset: number): string {
  return `${segmentName(number)}.torn-${offset}`
}

/** True for files that an interrupted process may leave behind and that mean nothing. */
export function isLeftover(name: string): boolean {
  return (
    name === nextSegmentName ||
    (name.endsWith('.copy') && segmentNumber(name.slice(0, -'.copy'.length)) !== null)
  )
}
