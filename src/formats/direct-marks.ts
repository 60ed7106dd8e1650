import { badBytes, readU48, writeU48 } from './bytes.js'
import { digestBytes, putDigest } from './conversation-name.js'
import { endOfId, readId } from './message-body.js'
import type { MarksRow } from './record-parts.js'
import {
  countAt,
  flags,
  flagsAt,
  idsAt,
  messageHeadBytes,
  recordKinds,
  seqAt,
  writeMessageHead,
} from './records.js'

/**
 * The marks of one participant of a direct conversation as they are from now on. There is one for every delivery and every
 * reading, so they are laid out by hand, and as messages are up to the two ids:
 *
 *     kind 12 u8 | time u48 | flags u8 | read u48 | own messages up to read u48 | first id | second id
 *                | [digest of the conversation's id, 21 bytes] | delivered u48 | position of the other mark u48
 *
 * The flags say whose they are and which mark moved: that one has the record's own position. The digest is there until a record with
 * an image has named the conversation in this generation.
 */
const tailBytes = 12

/** Room for any of them. */
export const directMarksBytes = messageHeadBytes + digestBytes + tailBytes

/** What a record says whose position is not known to it. */
export interface DirectMarks {
  /** The participants in order. */
  readonly pair: readonly [string, string]
  /** Whose marks: 0 or 1. */
  readonly side: 0 | 1
  readonly marks: MarksRow
}

/** Writes the record at `start` and returns its end. `conversation`: its id if the record has to name it. */
export function writeDirectMarks(
  bytes: Buffer,
  start: number,
  time: number,
  side: 0 | 1,
  by: 'read' | 'delivered',
  marks: MarksRow,
  first: string,
  second: string,
  conversation: string | null,
): number {
  let bits = side === 0 ? 0 : flags.second
  if (by === 'read') bits |= flags.read
  if (conversation !== null) bits |= flags.image
  const { read, ownAtRead, delivered } = marks
  let at = writeMessageHead(bytes, start, recordKinds.directMarks, time, bits, read, ownAtRead, first, second)
  if (conversation !== null) at = putDigest(conversation, bytes, at)
  writeU48(bytes, delivered, at)
  writeU48(bytes, by === 'read' ? marks.deliveredAt : marks.readAt, at + 6)
  return at + tailBytes
}

/** Reads the marks of a record whose ids end at `ids`; throws unless they fill it to its end. */
export function readMarksBehindIds(
  bytes: Buffer,
  start: number,
  ids: number,
  end: number,
  position: number,
): MarksRow {
  const bits = bytes[start + flagsAt] as number
  const at = (bits & flags.image) === 0 ? ids : ids + digestBytes
  if (at + tailBytes !== end) throw badBytes('a record of marks has another length than its fields')
  const byRead = (bits & flags.read) !== 0
  const other = readU48(bytes, at + 6)
  return {
    read: readU48(bytes, start + seqAt),
    delivered: readU48(bytes, at),
    ownAtRead: readU48(bytes, start + countAt),
    readAt: byRead ? position : other,
    deliveredAt: byRead ? other : position,
  }
}

export function readDirectMarks(bytes: Buffer, start: number, end: number, position: number): DirectMarks {
  const secondAt = endOfId(bytes, start + idsAt, end)
  const ids = endOfId(bytes, secondAt, end)
  return {
    pair: [readId(bytes, start + idsAt), readId(bytes, secondAt)],
    side: ((bytes[start + flagsAt] as number) & flags.second) === 0 ? 0 : 1,
    marks: readMarksBehindIds(bytes, start, ids, end, position),
  }
}
