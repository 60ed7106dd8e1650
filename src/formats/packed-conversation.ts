import { noMarks, type Marks } from '../model/conversation.js'
import type { ConversationId, UserId } from '../model/ids.js'
import { ByteReader, type ByteWriter } from './bytes.js'
import { readName, writeName } from './conversation-name.js'
import { readMarks, writeMarks } from './record-parts.js'
import type { DirectListRow } from './rows.js'

/** A direct conversation as one of its participants sees it in a list. */
export interface PackedConversation {
  readonly conversation: ConversationId
  readonly peer: UserId
  readonly position: number
  readonly head: number
  /** The user's own messages up to `head`. */
  readonly own: number
  readonly timestamp: number
  /** The user is the author of the last message. */
  readonly isOwn: boolean
  /** Null if they are not known. */
  readonly marks: Marks | null
  /** Of the last message (message-body.ts); null if it has to be read. What a list gives is valid until it gives the next. */
  readonly body: { readonly bytes: Buffer; readonly start: number; readonly end: number } | null
}

/** Packed conversations, by descending position. */
export interface PackedColumns {
  /** A character for each byte. */
  readonly bytes: string
  /** Where each begins and ends. */
  readonly starts: number[]
  readonly ends: number[]
  readonly positions: number[]
}

const OWN = 1
/** The marks are known, and there are some. */
const KNOWN = 2
const MARKED = 4
const BODY = 8

export function writePacked(
  w: ByteWriter,
  { conversation, peer, head, own, timestamp, isOwn, marks, body }: PackedConversation,
): void {
  const isMarked = marks !== null && (marks.delivered > 0 || marks.readAt > 0 || marks.deliveredAt > 0)
  w.u8(
    (isOwn ? OWN : 0) | (marks === null ? 0 : KNOWN) | (isMarked ? MARKED : 0) | (body === null ? 0 : BODY),
  )
  writeName(w, conversation)
  w.string(peer).varint(head).varint(own).varint(timestamp)
  if (isMarked) {
    writeMarks(w, marks)
  }
  if (body !== null) w.varint(body.end - body.start).raw(body.bytes, body.start, body.end)
}

/** Only whose it is. */
export function readPackedName(from: ByteReader): ConversationId {
  from.skip(1)
  return readName(from) as ConversationId
}

/** All but the position, which stands beside. */
export function readPacked(from: ByteReader, position: number): PackedConversation {
  const bits = from.u8()
  return {
    conversation: readName(from) as ConversationId,
    peer: from.string() as UserId,
    position,
    head: from.varint(),
    own: from.varint(),
    timestamp: from.varint(),
    isOwn: (bits & OWN) !== 0,
    marks: (bits & KNOWN) === 0 ? null : (bits & MARKED) === 0 ? noMarks : (readMarks(from) as Marks),
    body: (bits & BODY) === 0 ? null : readBytes(from),
  }
}

function readBytes(r: ByteReader): PackedConversation['body'] {
  const length = r.varint()
  const start = r.at
  r.skip(length)
  return { bytes: r.bytes, start, end: r.at }
}

/** All of them, with bodies that are valid as long as they are held. */
export function readAllPacked({ bytes, starts, ends, positions }: PackedColumns): PackedConversation[] {
  const from = Buffer.from(bytes, 'latin1')
  return positions.map((position, i) => readPacked(new ByteReader(from, starts[i], ends[i]), position))
}

/** What a row of the user's list says, without marks. Oneself is first and second participant. */
export function packRow(
  user: UserId,
  {
    conversation,
    position,
    direct,
  }: {
    readonly conversation: string
    readonly position: number
    readonly direct: DirectListRow
  },
): PackedConversation {
  const { peer, head, n0, timestamp, second, body } = direct
  const isFirst = user <= peer
  return {
    conversation: conversation as ConversationId,
    peer: peer as UserId,
    position,
    head,
    own: user === peer ? head : isFirst ? n0 : head - n0,
    timestamp,
    isOwn: user === peer || second !== isFirst,
    marks: null,
    body,
  }
}

/** The row that the user's list has of it. */
export function unpackRow(
  user: UserId,
  { peer, head, own, timestamp, isOwn, body }: PackedConversation,
): DirectListRow {
  const isFirst = user <= peer
  const n0 = isFirst ? own : head - own
  return { peer, head, n0, timestamp, second: user !== peer && isOwn !== isFirst, body }
}
