import { ByteReader, ByteWriter, badBytes, writeU48 } from './bytes.js'
import { directImageBytes } from './direct-image.js'
import { endOfId, writeId } from './message-body.js'
import {
  type ContactRow,
  type DirectHead,
  type GroupImage,
  type GroupRow,
  type MarksRow,
  type MembershipRow,
  list,
  readContact,
  readDirectHead,
  readGroup,
  readImage,
  readMarks,
  readMembership,
  writeContact,
  writeDirectHead,
  writeGroup,
  writeImage,
  writeMarks,
  writeMembership,
} from './record-parts.js'

/**
 * Records of the commit log. A record says absolutely what becomes of the partitions it concerns; nothing has to be
 * read to apply it. The first record about a conversation in a generation carries an *image*: the little that the
 * flush must know of the time before (where the conversation stood in the lists, who the members of a small group
 * are; a direct message's image is in direct-image.ts). Every record begins with its kind (u8) and the store's time (u48
 * LE); its position is its number in the log.
 *
 * Message records are laid out by hand, and so are the marks of direct conversations (direct-marks.ts), since everything else
 * is rare beside them:
 *
 *     direct  kind 1 u8 | time u48 | flags u8 | seq u48 | n0 u48 | first id | second id | [image] | body
 *     group   kind 2 u8 | time u48 | flags u8 | seq u48 | ordinal u48 | group id | sender id | [image] | body
 *     id      length − 1 u8 | UTF-8           (ids have 1 to 256 bytes)
 *
 * `n0` counts the messages of the first participant (the smaller id) up to this one; `ordinal` the sender's own in the
 * group. The body (message-body.ts) is what goes on into the body file as it stands.
 */
export const recordKinds = {
  directMessage: 1,
  groupMessage: 2,
  groupMarks: 3,
  block: 4,
  create: 5,
  join: 6,
  leave: 7,
  rename: 8,
  user: 9,
  contact: 10,
  cut: 11,
  directMarks: 12,
} as const

export const flags = {
  /** The author is the second participant. */
  second: 1,
  image: 2,
  /** The group is large: members' lists are not written. */
  large: 4,
  /** Direct: the second has blocked the first, so the first may not send; and the other way round. */
  firstBlocked: 8,
  secondBlocked: 16,
  /** Direct marks: it was `read` that moved. */
  read: 32,
} as const

export const timeAt = 1
export const flagsAt = 7
export const seqAt = 8
export const countAt = 14
export const idsAt = 20

/** Where the body begins in the message record from `start` to `end`: behind two ids, and an image if there is one. */
export function bodyOfRecord(bytes: Buffer, start: number, end: number): number {
  const at = endOfId(bytes, endOfId(bytes, start + idsAt, end), end)
  if (((bytes[start + flagsAt] as number) & flags.image) === 0) return at
  if (bytes[start] === recordKinds.directMessage) return at + directImageBytes
  const reader = new ByteReader(bytes, at, end)
  readImage(reader)
  return reader.at
}

/** Room for what `writeMessageHead` writes. */
export const messageHeadBytes = idsAt + 2 * 257

/**
 * Writes what a message record begins with at `start` and returns its end, where image and body follow. `kind` is one of the
 * two of messages, and `count` n0 or the ordinal; or it is that of direct marks, which begin alike (direct-marks.ts).
 */
export function writeMessageHead(
  bytes: Buffer,
  start: number,
  kind: number,
  time: number,
  bits: number,
  seq: number,
  count: number,
  firstId: string,
  secondId: string,
): number {
  bytes[start] = kind
  writeU48(bytes, time, start + timeAt)
  bytes[start + flagsAt] = bits
  writeU48(bytes, seq, start + seqAt)
  writeU48(bytes, count, start + countAt)
  return writeId(secondId, bytes, writeId(firstId, bytes, start + idsAt))
}

/** A record that is not laid out by hand. */
export type PlainRecord =
  | {
      readonly kind: 'groupMarks'
      readonly time: number
      readonly user: string
      /** A group; the marks of direct conversations have a record of their own. */
      readonly conversation: string
      /** The mark that this record moved has the record's own position. */
      readonly marks: MarksRow
    }
  | {
      readonly kind: 'block'
      readonly time: number
      readonly blocker: string
      readonly other: string
      readonly contact: ContactRow
      readonly head: DirectHead
      readonly previous: number
    }
  | {
      readonly kind: 'create'
      readonly time: number
      readonly conversation: string
      readonly group: GroupRow
      readonly members: readonly string[]
    }
  | {
      readonly kind: 'join'
      readonly time: number
      readonly conversation: string
      readonly group: GroupRow
      readonly image: GroupImage | null
      /** The memberships as they are from now on, each with where the group stood in the list before (0: nowhere). */
      readonly joined: readonly { readonly membership: MembershipRow; readonly previous: number }[]
      /** The group grew over the threshold with this record. */
      readonly becameLarge: boolean
    }
  | {
      readonly kind: 'leave'
      readonly time: number
      readonly conversation: string
      readonly group: GroupRow
      readonly image: GroupImage | null
      readonly membership: MembershipRow
    }
  | {
      readonly kind: 'rename'
      readonly time: number
      readonly conversation: string
      readonly group: GroupRow
      readonly image: GroupImage | null
    }
  | {
      readonly kind: 'user'
      readonly time: number
      readonly user: string
      readonly name: string
      readonly profile: string | undefined
    }
  | {
      readonly kind: 'contact'
      readonly time: number
      readonly user: string
      readonly other: string
      readonly contact: ContactRow
    }
  | { readonly kind: 'cut'; readonly time: number }

const writer = new ByteWriter(4096)

/** The bytes of a record that is no message. */
export function encodeRecord(record: PlainRecord): Buffer {
  return Buffer.from(encodeRecordInScratch(record))
}

/** The same in scratch bytes: valid until the next record is encoded. */
export function encodeRecordInScratch(record: PlainRecord): Buffer {
  const w = writer.reset()
  w.u8(recordKinds[record.kind])
  for (let i = 0, rest = record.time; i < 6; i++, rest = Math.floor(rest / 256)) w.u8(rest & 0xff)
  switch (record.kind) {
    case 'groupMarks':
      w.string(record.user).string(record.conversation)
      writeMarks(w, record.marks)
      break
    case 'block':
      w.string(record.blocker).string(record.other)
      writeContact(w, record.contact)
      writeDirectHead(w, record.head)
      w.varint(record.previous)
      break
    case 'create':
      w.string(record.conversation)
      writeGroup(w, record.group)
      w.varint(record.members.length)
      for (const member of record.members) w.string(member)
      break
    case 'join':
      w.string(record.conversation)
      writeGroup(w, record.group)
      writeImage(w, record.image)
      w.varint(record.joined.length)
      for (const { membership, previous } of record.joined) {
        writeMembership(w, membership)
        w.varint(previous)
      }
      w.u8(record.becameLarge ? 1 : 0)
      break
    case 'leave':
      w.string(record.conversation)
      writeGroup(w, record.group)
      writeImage(w, record.image)
      writeMembership(w, record.membership)
      break
    case 'rename':
      w.string(record.conversation)
      writeGroup(w, record.group)
      writeImage(w, record.image)
      break
    case 'user':
      w.string(record.user).string(record.name).optionalString(record.profile)
      break
    case 'contact':
      w.string(record.user).string(record.other)
      writeContact(w, record.contact)
      break
    case 'cut':
      break
  }
  return w.view()
}

export function decodeRecord(bytes: Buffer, start: number, end: number): PlainRecord {
  const r = new ByteReader(bytes, start, end)
  const kind = r.u8()
  const time = r.raw(6).readUIntLE(0, 6)
  const record = decodeFields(kind, time, r)
  if (r.left !== 0) throw badBytes('a record is longer than its fields')
  return record
}

function decodeFields(kind: number, time: number, r: ByteReader): PlainRecord {
  switch (kind) {
    case recordKinds.groupMarks:
      return {
        kind: 'groupMarks',
        time,
        user: r.string(),
        conversation: r.string(),
        marks: readMarks(r),
      }
    case recordKinds.block:
      return {
        kind: 'block',
        time,
        blocker: r.string(),
        other: r.string(),
        contact: readContact(r),
        head: readDirectHead(r),
        previous: r.varint(),
      }
    case recordKinds.create:
      return {
        kind: 'create',
        time,
        conversation: r.string(),
        group: readGroup(r),
        members: list(r, () => r.string()),
      }
    case recordKinds.join:
      return {
        kind: 'join',
        time,
        conversation: r.string(),
        group: readGroup(r),
        image: readImage(r),
        joined: list(r, () => ({ membership: readMembership(r), previous: r.varint() })),
        becameLarge: r.u8() === 1,
      }
    case recordKinds.leave:
      return {
        kind: 'leave',
        time,
        conversation: r.string(),
        group: readGroup(r),
        image: readImage(r),
        membership: readMembership(r),
      }
    case recordKinds.rename:
      return { kind: 'rename', time, conversation: r.string(), group: readGroup(r), image: readImage(r) }
    case recordKinds.user:
      return { kind: 'user', time, user: r.string(), name: r.string(), profile: r.optionalString() }
    case recordKinds.contact:
      return { kind: 'contact', time, user: r.string(), other: r.string(), contact: readContact(r) }
    case recordKinds.cut:
      return { kind: 'cut', time }
    default:
      throw badBytes(`there is no record of kind ${kind}`)
  }
}
