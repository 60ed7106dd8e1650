import { readU48 } from '../../formats/bytes.js'
import { endOfId, readBody, readId, type Body } from '../../formats/message-body.js'
import { bodyOfRecord, countAt, flags, flagsAt, idsAt, timeAt } from '../../formats/records.js'
import { parseStoredJson } from '../../formats/stored-json.js'
import type { ConversationId, MessageId, UserId } from '../../model/ids.js'
import type { Message } from '../../model/message.js'
import type { ConversationEntry, Touched } from '../memory/entries.js'

/** A message as memory or a body file has it. */
export interface StoredMessage {
  readonly seq: number
  readonly sender: UserId
  readonly timestamp: number
  readonly position: number
  /** Direct: messages of the first participant up to this one. Groups: the sender's own up to this one, or 0 if unknown. */
  readonly count: number
  readonly body: Body
}

/** The live generation's index that has this message; null if it is in the shards. */
function touchedWith(entry: ConversationEntry, seq: number): Touched | null {
  for (let touched = entry.touched; touched !== null; touched = touched.older) {
    if (touched.count > 0 && seq >= touched.firstSeq) return seq <= touched.lastSeq ? touched : null
  }
  return null
}

/** Reads a message from the log's bytes, if a live generation has it. */
export function liveMessage(entry: ConversationEntry, seq: number): StoredMessage | null {
  const touched = touchedWith(entry, seq)
  if (touched === null) return null
  const { bytes, start, end } = touched.place(seq)
  const position = touched.position(seq)
  return readRecord(entry, { bytes, start, end, seq, position })
}

/** Only the `count` of such a message. */
export function liveCount(entry: ConversationEntry, seq: number): number | null {
  const touched = touchedWith(entry, seq)
  if (touched === null) return null
  const { bytes, start } = touched.place(seq)
  return readU48(bytes, start + countAt)
}

/** The author of such a message, and where its body lies. */
export function liveBody(
  entry: ConversationEntry,
  seq: number,
): {
  readonly sender: UserId
  readonly body: { readonly bytes: Buffer; readonly start: number; readonly end: number }
} | null {
  const touched = touchedWith(entry, seq)
  if (touched === null) return null
  const { bytes, start, end } = touched.place(seq)
  return {
    sender: senderOf(entry, bytes, start, end),
    body: { bytes, start: bodyOfRecord(bytes, start, end), end },
  }
}

/** Reads a message record as the log has it. */
function readRecord(
  entry: ConversationEntry,
  at: { bytes: Buffer; start: number; end: number; seq: number; position: number },
): StoredMessage {
  const { bytes, start, end, seq, position } = at
  const timestamp = bytes.readUIntLE(start + timeAt, 6)
  const count = bytes.readUIntLE(start + countAt, 6)
  const sender = senderOf(entry, bytes, start, end)
  return {
    seq,
    sender,
    timestamp,
    position,
    count,
    body: readBody(bytes, bodyOfRecord(bytes, start, end), end),
  }
}

function senderOf({ pair }: ConversationEntry, bytes: Buffer, start: number, end: number): UserId {
  if (pair === null) return readId(bytes, endOfId(bytes, start + idsAt, end)) as UserId
  return pair[((bytes[start + flagsAt] as number) & flags.second) === 0 ? 0 : 1]
}

/** The message as readers get it: frozen all the way down. */
export function toMessage(
  conversationId: ConversationId,
  { seq, timestamp, sender, body }: Pick<StoredMessage, 'seq' | 'timestamp' | 'sender' | 'body'>,
): Message {
  return makeMessage(conversationId, seq, timestamp, sender, body)
}

/** Makes a message of its parts: a page of messages is made without an object in between for each. */
export function makeMessage(
  conversationId: ConversationId,
  seq: number,
  timestamp: number,
  sender: UserId,
  body: Body,
): Message {
  const { deviceId, attributes, sentAt } = body
  const message: { -readonly [K in keyof Message]: Message[K] } = {
    conversationId,
    seq,
    id: body.id as MessageId,
    sender,
    text: body.text,
    timestamp,
    deleted: false,
  }
  if (deviceId !== undefined) message.deviceId = deviceId
  if (attributes !== undefined) message.attributes = parseStoredJson(attributes)
  if (sentAt !== undefined) message.sentAt = sentAt
  return Object.freeze(message)
}
