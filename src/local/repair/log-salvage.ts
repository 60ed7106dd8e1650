import {
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

/**
 * The records of a segment of the log, of all frames whose checksums fit: also of those behind a damaged one, which opening a
 * store never takes. Null if the header is damaged, for the checksums cannot be told without it.
 */
export function salvageRecords(
  segment: Buffer,
  storeId: Uint8Array,
): { records: SalvagedRecord[]; damaged: DamagedRange[] } | null {
  const header =
    segment.length < segmentHeaderBytes ? null : decodeSegmentHeader(segment.subarray(0, segmentHeaderBytes))
  if (header === null || typeof header === 'number' || Buffer.compare(header.storeId, storeId) !== 0)
    return null
  const records: SalvagedRecord[] = []
  const damaged: DamagedRange[] = []
  let from = segmentHeaderBytes
  let at = from
  while (at + frameHeaderBytes <= segment.length) {
    const frame = readFrameHeader(segment, at, header.epoch, at)
    const end = at + frameHeaderBytes + paddedLength(frame?.payloadLength ?? 0)
    const payload = at + frameHeaderBytes
    if (frame === null || end > segment.length || !isPayloadSound(segment, payload, header.epoch, frame)) {
      at += frameAlignment
      continue
    }
    noteDamage(segment, from, at, damaged)
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
  return { records, damaged }
}

/** Zeroes were only filled in ahead. */
function noteDamage(segment: Buffer, from: number, to: number, damaged: DamagedRange[]): void {
  let end = to
  while (end > from && segment[end - 1] === 0) end--
  if (end > from) damaged.push({ offset: from, length: end - from })
}
