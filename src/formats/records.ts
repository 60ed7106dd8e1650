import { ByteReader, ByteWriter, badBytes } from './bytes.js'

/**
 * Records of the commit log. A record says absolutely what becomes of the partitions it concerns; nothing has to be
 * read to apply it. The first record about a conversation in a generation carries an *image*: the little that the
 * flush must know of the time before (where the conversation stood in the lists, who the members of a small group
 * are; a direct message's image is in direct-image.ts). Every record begins with its kind (u8) and the store's time (u48 LE); its position is its number in the log.
 *
 * Message records are laid out by hand, since everything else is rare beside them:
 *
 *     direct  kind 1 u8 | time u48 | flags u8 | seq u48 | n0 u48 | first id | second id | [image] | body
 *     group   kind 2 u8 | time u48 | flags u8 | seq u48 | ordinal u48 | group id | sender id | [image] | body
 *     id      length − 1 u8 | UTF-8           (ids have 1 to 256 bytes)
 *
 * `n0` counts the messages of the first participant (the smaller id) up to this one; `ordinal` the sender's own in the
 * group. The body (message-body.ts) is what goes on into the body file as it stands.
 */
export const recordKinds = {
  direct: 1,
  groupMessage: 2,
  marks: 3,
  block: 4,
  create: 5,
  join: 6,
  leave: 7,
  rename: 8,
  user: 9,
  contact: 10,
  cut: 11,
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
} as const

export const timeAt = 1
export const flagsAt = 7
export const seqAt = 8
export const countAt = 14
export const idsAt = 20

/** Room for a message record without its body and image. */
export const messageHeadBytes = idsAt + 2 * 257

/** A member of a small group and where the group stood in that member's list before; 0 for nowhere. */
export interface MemberImage {
  readonly user: string
  readonly previous: number
}

export interface GroupImage {
  readonly previous: number
  /** Empty for large groups. */
  readonly members: readonly MemberImage[]
}

/** All that is known of a group besides its members; absolute. */
export interface GroupRow {
  readonly title: string | undefined
  readonly creator: string
  readonly owner: string | null
  readonly createdAt: number
  readonly createdAs: string
  readonly memberCount: number
  /** Members ever joined: the next one gets this + 1. */
  readonly lastOrdinal: number
  readonly large: boolean
  readonly position: number
}

export interface IntervalRow {
  readonly from: number
  readonly to: number | null
}

export interface MembershipRow {
  readonly user: string
  readonly intervals: readonly IntervalRow[]
  readonly ordinal: number
  readonly ownAtJoin: number
  /** Position of the last joining. */
  readonly joined: number
  /** The store's time of the last joining. */
  readonly joinedAt: number
  /** Where the group stays in the list of one who has left; 0 while in. */
  readonly place: number
  /** Of one who has left: the group as it was then. */
  readonly left: { readonly title: string | undefined; readonly memberCount: number } | null
  readonly position: number
}

export interface DirectHead {
  readonly head: number
  readonly n0: number
  readonly position: number
  readonly timestamp: number
  readonly firstBlocked: boolean
  readonly secondBlocked: boolean
}

export interface ContactRow {
  readonly listed: boolean
  readonly alias: string | undefined
  readonly blocked: boolean
}

export interface MarksRow {
  readonly read: number
  readonly delivered: number
  readonly ownAtRead: number
  readonly readAt: number
  readonly deliveredAt: number
}

export type OtherRecord =
  | {
      readonly kind: 'marks'
      readonly time: number
      readonly user: string
      readonly conversation: string
      /** The other participant of a direct conversation; undefined for a group. */
      readonly peer: string | undefined
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

/** The bytes of a record that is no message; valid until the next call. */
export function encodeRecord(record: OtherRecord): Buffer {
  const w = writer.reset()
  w.u8(recordKinds[record.kind])
  for (let i = 0, rest = record.time; i < 6; i++, rest = Math.floor(rest / 256)) w.u8(rest & 0xff)
  switch (record.kind) {
    case 'marks':
      w.string(record.user).string(record.conversation).optionalString(record.peer)
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
  return w.finish()
}

export function decodeRecord(bytes: Buffer, start: number, end: number): OtherRecord {
  const r = new ByteReader(bytes, start, end)
  const kind = r.u8()
  const time = bytes.readUIntLE(r.at, 6)
  r.at += 6
  const record = decodeFields(kind, time, r)
  if (r.left !== 0) throw badBytes('a record is longer than its fields')
  return record
}

function decodeFields(kind: number, time: number, r: ByteReader): OtherRecord {
  switch (kind) {
    case recordKinds.marks:
      return {
        kind: 'marks',
        time,
        user: r.string(),
        conversation: r.string(),
        peer: r.optionalString(),
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

// ---- parts of records that are rows as well

export function writeMarks(w: ByteWriter, m: MarksRow): void {
  w.varint(m.read).varint(m.delivered).varint(m.ownAtRead).varint(m.readAt).varint(m.deliveredAt)
}

export function readMarks(r: ByteReader): MarksRow {
  return {
    read: r.varint(),
    delivered: r.varint(),
    ownAtRead: r.varint(),
    readAt: r.varint(),
    deliveredAt: r.varint(),
  }
}

export function writeContact(w: ByteWriter, c: ContactRow): void {
  w.u8((c.listed ? 1 : 0) | (c.blocked ? 2 : 0)).optionalString(c.alias)
}

export function readContact(r: ByteReader): ContactRow {
  const bits = r.u8()
  return { listed: (bits & 1) !== 0, blocked: (bits & 2) !== 0, alias: r.optionalString() }
}

export function writeDirectHead(w: ByteWriter, h: DirectHead): void {
  w.varint(h.head).varint(h.n0).varint(h.position).varint(h.timestamp)
  w.u8((h.firstBlocked ? flags.firstBlocked : 0) | (h.secondBlocked ? flags.secondBlocked : 0))
}

export function readDirectHead(r: ByteReader): DirectHead {
  const head = r.varint()
  const n0 = r.varint()
  const position = r.varint()
  const timestamp = r.varint()
  const bits = r.u8()
  return {
    head,
    n0,
    position,
    timestamp,
    firstBlocked: (bits & flags.firstBlocked) !== 0,
    secondBlocked: (bits & flags.secondBlocked) !== 0,
  }
}

export function writeGroup(w: ByteWriter, g: GroupRow): void {
  w.optionalString(g.title).string(g.creator)
  w.optionalString(g.owner ?? undefined)
  w.varint(g.createdAt).string(g.createdAs).varint(g.memberCount).varint(g.lastOrdinal)
  w.u8(g.large ? 1 : 0).varint(g.position)
}

export function readGroup(r: ByteReader): GroupRow {
  return {
    title: r.optionalString(),
    creator: r.string(),
    owner: r.optionalString() ?? null,
    createdAt: r.varint(),
    createdAs: r.string(),
    memberCount: r.varint(),
    lastOrdinal: r.varint(),
    large: r.u8() === 1,
    position: r.varint(),
  }
}

export function writeMembership(w: ByteWriter, m: MembershipRow): void {
  w.string(m.user).varint(m.intervals.length)
  for (const { from, to } of m.intervals) w.varint(from).varint(to === null ? 0 : to + 1)
  w.varint(m.ordinal).varint(m.ownAtJoin).varint(m.joined).varint(m.joinedAt).varint(m.place)
  if (m.left === null) w.u8(0)
  else w.u8(1).optionalString(m.left.title).varint(m.left.memberCount)
  w.varint(m.position)
}

export function readMembership(r: ByteReader): MembershipRow {
  return {
    user: r.string(),
    intervals: list(r, () => {
      const from = r.varint()
      const to = r.varint()
      return { from, to: to === 0 ? null : to - 1 }
    }),
    ordinal: r.varint(),
    ownAtJoin: r.varint(),
    joined: r.varint(),
    joinedAt: r.varint(),
    place: r.varint(),
    left: r.u8() === 0 ? null : { title: r.optionalString(), memberCount: r.varint() },
    position: r.varint(),
  }
}

/** The image of a group, as it also stands in a group message. */
export function writeImage(w: ByteWriter, image: GroupImage | null): void {
  if (image === null) {
    w.u8(0)
    return
  }
  w.u8(1).varint(image.previous).varint(image.members.length)
  for (const { user, previous } of image.members) w.string(user).varint(previous)
}

export function readImage(r: ByteReader): GroupImage | null {
  if (r.u8() === 0) return null
  return {
    previous: r.varint(),
    members: list(r, () => ({ user: r.string(), previous: r.varint() })),
  }
}

function list<T>(r: ByteReader, read: () => T): T[] {
  const count = r.varint()
  if (count > r.left) throw badBytes('a list is longer than its record')
  const items: T[] = []
  for (let i = 0; i < count; i++) items.push(read())
  return items
}
