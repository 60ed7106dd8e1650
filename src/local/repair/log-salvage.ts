import {
  epochOfFrame,
  frameAlignment,
  frameHeaderBytes,
  frameTypes,
  isPayloadSound,
  paddedLength,
  readFrameHeader,
  recordLengthBytes,
} from '../../formats/frames.js'
import { decodeSegmentHeader, segmentHeaderBytes } from '../../formats/segment.js'
import type { DamagedRange } from './salvaged-file.js'

export interface SalvagedRecord {
  readonly position: number
  readonly start: number
  readonly end: number
}

export interface SalvagedSegment {
  readonly records: SalvagedRecord[]
  readonly damaged: DamagedRange[]
  /** The position of the record that would come behind it. */
  readonly next: number
  /** The header is of no use; what it would have said followed from the rest. */
  readonly isHeadless: boolean
}

/**
 * The records of a segment of the log, of all frames whose checksums fit: also of those behind a damaged one, which opening a
 * store never takes. The checksums cannot be told without the epoch; where the header is damaged it is the one that the next
 * segment states, or that a whole frame tells. Null if there is none, or if the segment is of another store.
 */
export function salvageRecords(
  segment: Buffer,
  storeId: Uint8Array,
  statedEpoch: number | null,
): SalvagedSegment | null {
  const header = decodeSegmentHeader(segment.subarray(0, segmentHeaderBytes))
  if (typeof header === 'number') return null
  if (header !== null && Buffer.compare(header.storeId, storeId) !== 0) return null
  const epoch = header?.epoch ?? statedEpoch ?? epochOfFrames(segment)
  if (epoch === null) return null
  const records: SalvagedRecord[] = []
  const damaged: DamagedRange[] = []
  let next = header?.firstPosition ?? 0
  let from = segmentHeaderBytes
  let at = from
  while (at + frameHeaderBytes <= segment.length) {
    const frame = readFrameHeader(segment, at, epoch, at)
    const end = at + frameHeaderBytes + paddedLength(frame?.payloadLength ?? 0)
    const payload = at + frameHeaderBytes
    if (frame === null || end > segment.length || !isPayloadSound(segment, payload, epoch, frame)) {
      at += frameAlignment
      continue
    }
    noteDamage(segment, from, at, damaged)
    next = Math.max(next, frame.firstPosition + frame.count)
    if (frame.type === frameTypes.records) {
      let start = payload
      for (let i = 0; i < frame.count; i++) {
        const content = start + recordLengthBytes
        start = content + segment.readUInt32LE(start)
        records.push({ position: frame.firstPosition + i, start: content, end: start })
      }
    }
    from = at = end
  }
  noteDamage(segment, from, segment.length, damaged)
  return { records, damaged, next, isHeadless: header === null }
}

/** The epoch of the segment before the one that begins with these bytes; null if they do not say it. */
export function epochBefore(next: Buffer, storeId: Uint8Array, number: number): number | null {
  const header = decodeSegmentHeader(next)
  if (header === null || typeof header === 'number') return null
  const isNext = Buffer.compare(header.storeId, storeId) === 0 && header.previous.number === number
  return isNext ? header.previous.epoch : null
}

function epochOfFrames(segment: Buffer): number | null {
  for (let at = segmentHeaderBytes; at + frameHeaderBytes <= segment.length; at += frameAlignment) {
    const epoch = epochOfFrame(segment, at)
    if (epoch !== null) return epoch
  }
  return null
}

/** Zeroes were only filled in ahead. */
function noteDamage(segment: Buffer, from: number, to: number, damaged: DamagedRange[]): void {
  let end = to
  while (end > from && segment[end - 1] === 0) end--
  if (end > from) damaged.push({ offset: from, length: end - from })
}
