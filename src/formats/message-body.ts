import type { MessageDraft } from '../model/message.js'
import { idInBody } from '../model/message-ids.js'
import { badBytes, writeU48 } from './bytes.js'
import { parseStoredJson } from './stored-json.js'

/**
 * What a sender gave, as it stands in the log, in body files and in excerpts, copied from one to the next untouched:
 *
 *     bits u8 | id: length − 1 u8, UTF-8 | [device: the same] | [sentAt u48 LE]
 *             | [attributes: length u16 LE, canonical JSON in UTF-8] | text: all that is left, UTF-8
 *
 * Where a body ends is known wherever one stands, so the text needs no length.
 * LONG: the length of the attributes is u32, for what may take 64 KiB. FAR: sentAt is an f64, for what is no u48.
 * The length of an id has room for 256 bytes. Of one that is a byte longer, because a `~` was put in front of what a client
 * gave (message-ids.ts), that `~` is a bit.
 */
const DEVICE = 1
const SENT_AT = 2
const ATTRIBUTES = 4
const TILDE = 8
const LONG = 16
const FAR = 32

const maxShort = 0xffff
/** UTF-8 never takes more bytes than this per UTF-16 unit. */
const bytesPerUnit = 3

/** The most bytes that the body of this draft can take. */
export function bodyRoom(draft: MessageDraft): number {
  return 1 + 257 + 257 + 8 + 4 + draft.text.length * bytesPerUnit + attributesRoom(draft)
}

function attributesRoom({ attributes }: MessageDraft): number {
  return attributes === undefined ? 0 : 4 + attributes.length * bytesPerUnit
}

/** Writes the body at `at` and returns its end. */
export function writeBody(draft: MessageDraft, bytes: Buffer, at: number): number {
  const { deviceId, sentAt, text, attributes } = draft
  const id = idInBody(draft.id)
  const isLong = attributesRoom(draft) > maxShort
  let bits = id === draft.id ? 0 : TILDE
  if (isLong) bits |= LONG
  let end = writeId(id, bytes, at + 1)
  if (deviceId !== undefined) {
    bits |= DEVICE
    end = writeId(deviceId, bytes, end)
  }
  if (sentAt !== undefined) {
    bits |= SENT_AT
    if (isU48(sentAt)) {
      writeU48(bytes, sentAt, end)
      end += 6
    } else {
      bits |= FAR
      end = bytes.writeDoubleLE(sentAt, end)
    }
  }
  if (attributes !== undefined) {
    bits |= ATTRIBUTES
    end = writeAttributes(attributes, bytes, end, isLong)
  }
  bytes[at] = bits
  return end + bytes.utf8Write(text, end)
}

function isU48(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 2 ** 48 && !Object.is(value, -0)
}

/** Writes an id of 1 to 256 bytes behind its length and returns the end. */
export function writeId(id: string, bytes: Buffer, at: number): number {
  const length = bytes.utf8Write(id, at + 1)
  bytes[at] = length - 1
  return at + 1 + length
}

function writeAttributes(attributes: string, bytes: Buffer, at: number, isLong: boolean): number {
  const start = at + (isLong ? 4 : 2)
  const length = bytes.utf8Write(attributes, start)
  bytes.writeUInt16LE(length & 0xffff, at)
  if (isLong) bytes.writeUInt16LE(length >>> 16, at + 2)
  return start + length
}

export interface Body {
  readonly id: string
  readonly deviceId: string | undefined
  readonly sentAt: number | undefined
  readonly text: string
  readonly attributes: string | undefined
}

/** Reads the body that begins at `at` and must end by `end`. */
export function readBody(bytes: Buffer, at: number, end: number): Body {
  const bits = byteAt(bytes, at, end)
  let next = at + 1
  const idEnd = endOfId(bytes, next, end)
  const idBytes = bytes.utf8Slice(next + 1, idEnd)
  const id = (bits & TILDE) === 0 ? idBytes : `~${idBytes}`
  next = idEnd
  let deviceId: string | undefined
  if ((bits & DEVICE) !== 0) {
    const deviceEnd = endOfId(bytes, next, end)
    deviceId = bytes.utf8Slice(next + 1, deviceEnd)
    next = deviceEnd
  }
  let sentAt: number | undefined
  if ((bits & SENT_AT) !== 0) {
    const width = (bits & FAR) === 0 ? 6 : 8
    if (next + width > end) throw badBytes('a message body ends too early')
    sentAt = width === 6 ? bytes.readUIntLE(next, 6) : bytes.readDoubleLE(next)
    next += width
  }
  let attributes: string | undefined
  if ((bits & ATTRIBUTES) !== 0) {
    const width = (bits & LONG) === 0 ? 2 : 4
    const attributesEnd = endOfAttributes(bytes, next, width, end)
    attributes = bytes.utf8Slice(next + width, attributesEnd)
    next = attributesEnd
  }
  return { id, deviceId, sentAt, text: bytes.utf8Slice(next, end), attributes }
}

/** The same, and its attributes are JSON: readers will get all of it. Throws CORRUPT for any other. */
export function checkBody(bytes: Buffer, at: number, end: number): Body {
  const body = readBody(bytes, at, end)
  if (body.attributes !== undefined) parseStoredJson(body.attributes)
  return body
}

/** Where in a body the id begins (see `readId`). */
export const bodyIdAt = 1

/** Reads an id that `writeId` wrote. */
export function readId(bytes: Buffer, at: number): string {
  return bytes.utf8Slice(at + 1, at + 2 + (bytes[at] as number))
}

/** Where the id that begins at `at` ends. */
export function endOfId(bytes: Buffer, at: number, limit: number): number {
  const end = at + 2 + byteAt(bytes, at, limit)
  if (end > limit) throw badBytes('an id ends too late')
  return end
}

/** `width`: of the length, in bytes. */
function endOfAttributes(bytes: Buffer, at: number, width: 2 | 4, limit: number): number {
  if (at + width > limit) throw badBytes('a message body ends too early')
  const end = at + width + bytes.readUIntLE(at, width)
  if (end > limit) throw badBytes('attributes end too late')
  return end
}

function byteAt(bytes: Buffer, at: number, limit: number): number {
  if (at >= limit) throw badBytes('a message body ends too early')
  return bytes[at] as number
}
