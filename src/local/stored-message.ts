import { ByteReader, readU48 } from '../formats/bytes.js'
import { directImageBytes } from '../formats/direct-image.js'
import { endOfId, readBody, readId, type Body } from '../formats/message-body.js'
import { readImage } from '../formats/record-parts.js'
import { countAt, flags, flagsAt, idsAt, recordKinds, timeAt } from '../formats/records.js'
import { parseCanonicalJson } from '../model/canonical-json.js'
import type { ConversationId, MessageId, UserId } from '../model/ids.js'
import type { Message } from '../model/message.js'
import type { ConversationEntry, Touched } from './memory/entries.js'

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

/** Reads a message record as the log has it. */
function readRecord(
  entry: ConversationEntry,
  at: { bytes: Buffer; start: number; end: number; seq: number; position: number },
): StoredMessage {
  const { bytes, start, end, seq, position } = at
  const timestamp = bytes.readUIntLE(start + timeAt, 6)
  const bits = bytes[start + flagsAt] as number
  const count = bytes.readUIntLE(start + countAt, 6)
  const secondAt = endOfId(bytes, start + idsAt, end)
  let body = endOfId(bytes, secondAt, end)
  let sender: UserId
  if (bytes[start] === recordKinds.direct) {
    sender = (entry.pair as readonly [UserId, UserId])[(bits & flags.second) === 0 ? 0 : 1]
    if ((bits & flags.image) !== 0) body += directImageBytes
  } else {
    sender = readId(bytes, secondAt) as UserId
    if ((bits & flags.image) !== 0) {
      const reader = new ByteReader(bytes, body, end)
      readImage(reader)
      body = reader.at
    }
  }
  return { seq, sender, timestamp, position, count, body: readBody(bytes, body, end) }
}

/** The message as readers get it: frozen all the way down. */
export function toMessage(conversationId: ConversationId, stored: StoredMessage): Message {
  const { seq, sender, timestamp, body } = stored
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
  if (attributes !== undefined) message.attributes = parseCanonicalJson(attributes)
  if (sentAt !== undefined) message.sentAt = sentAt
  return Object.freeze(message)
}
