import { type ByteReader, type ByteWriter, badBytes } from './bytes.js'

/**
 * What stands in records and, unchanged, in rows: absolute, so that a row is written without reading the one before.
 * Each part has its fields in the order in which they are written; numbers are varints, strings have their length
 * before them.
 */

/** Of a head: who is blocked. The same bits as in the flags of a message record (records.ts). */
const blockBits = { first: 8, second: 16 } as const

/** A member of a small group and where the group stood in that member's list before; 0 for nowhere. */
export interface MemberImage {
  readonly user: string
  readonly previous: number
}

/** What the lists need to know of the time before: where a group stood, and in which lists. */
export interface GroupImage {
  /** The position of the group's last message before; 0 for none. */
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
  /** Positions of joinings before the last one, ascending: a list of the past stood in their order. */
  readonly joinedBefore: readonly number[]
  /** The store's time of the last joining. */
  readonly joinedAt: number
  /** Where the group stays in the list of one who has left; 0 while in. */
  readonly place: number
  /** Of one who has left: the group as it was then. */
  readonly left: { readonly title: string | undefined; readonly memberCount: number } | null
  readonly position: number
}

// Nearly all have these: there are as many memberships in memory as in all its groups.
const sinceTheFirst: readonly IntervalRow[] = Object.freeze([Object.freeze({ from: 1, to: null })])
const never: readonly number[] = Object.freeze([])

/** Of those who are in a group from its beginning, which is the record at `position`. */
export function foundingMembership(
  user: string,
  ordinal: number,
  position: number,
  joinedAt: number,
): MembershipRow {
  return {
    user,
    intervals: sinceTheFirst,
    ordinal,
    ownAtJoin: 0,
    joined: position,
    joinedBefore: never,
    joinedAt,
    place: 0,
    left: null,
    position,
  }
}

/** Where a direct conversation stands. */
export interface DirectHead {
  readonly head: number
  /** Messages of the first participant up to the head. */
  readonly n0: number
  /** Of the last message, as is the timestamp. */
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
  w.u8((h.firstBlocked ? blockBits.first : 0) | (h.secondBlocked ? blockBits.second : 0))
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
    firstBlocked: (bits & blockBits.first) !== 0,
    secondBlocked: (bits & blockBits.second) !== 0,
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
  w.varint(m.position).varint(m.joinedBefore.length)
  for (const position of m.joinedBefore) w.varint(position)
}

export function readMembership(r: ByteReader): MembershipRow {
  return {
    user: r.string(),
    intervals: readIntervals(r),
    ordinal: r.varint(),
    ownAtJoin: r.varint(),
    joined: r.varint(),
    joinedAt: r.varint(),
    place: r.varint(),
    left: r.u8() === 0 ? null : { title: r.optionalString(), memberCount: r.varint() },
    position: r.varint(),
    joinedBefore: orShared(list(r, () => r.varint())),
  }
}

function readIntervals(r: ByteReader): readonly IntervalRow[] {
  const intervals = list(r, () => {
    const from = r.varint()
    const to = r.varint()
    return { from, to: to === 0 ? null : to - 1 }
  })
  const [first] = intervals
  return intervals.length === 1 && first?.from === 1 && first.to === null ? sinceTheFirst : intervals
}

function orShared(positions: readonly number[]): readonly number[] {
  return positions.length === 0 ? never : positions
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

export function list<T>(r: ByteReader, read: () => T): T[] {
  const count = r.varint()
  if (count > r.left) throw badBytes('a list is longer than its record')
  // Most lists have one item, and one that grew by a push has room for seventeen.
  if (count === 1) return [read()]
  const items: T[] = []
  for (let i = 0; i < count; i++) items.push(read())
  return items
}
