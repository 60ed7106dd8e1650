import { directImageBytes, writeDirectImage } from '../../../src/formats/direct-image.js'
import { directMarksBytes, writeDirectMarks } from '../../../src/formats/direct-marks.js'
import { ByteWriter } from '../../../src/formats/bytes.js'
import { bodyRoom, writeBody, writeId } from '../../../src/formats/message-body.js'
import { writeImage } from '../../../src/formats/record-parts.js'
import type {
  ContactRow,
  GroupImage,
  GroupRow,
  MarksRow,
  MembershipRow,
} from '../../../src/formats/record-parts.js'
import {
  countAt,
  encodeRecord,
  flags,
  flagsAt,
  idsAt,
  messageHeadBytes,
  recordKinds,
  seqAt,
  timeAt,
  type PlainRecord,
} from '../../../src/formats/records.js'
import type { RecordRange } from '../../../src/local/fold/sink.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'
import type { MessageDraft } from '../../../src/model/message.js'

/** Records as they lie in the log. */
export function rangeOf(records: readonly Buffer[], firstPosition: number): RecordRange {
  const bytes = Buffer.concat(
    records.flatMap((record) => {
      const length = Buffer.alloc(4)
      length.writeUInt32LE(record.length)
      return [length, record]
    }),
  )
  return { bytes, start: 0, end: bytes.length, firstPosition, count: records.length }
}

/** What somebody does. Numbers choose among a few users and groups; what makes no sense is passed over. */
export interface Deed {
  readonly what:
    'direct' | 'message' | 'create' | 'join' | 'leave' | 'rename' | 'marks' | 'contact' | 'block' | 'user'
  readonly who: number
  readonly whom: number
  readonly size: number
}

interface Direct {
  readonly id: string
  readonly pair: readonly [string, string]
  head: number
  n0: number
  position: number
  timestamp: number
  readonly blocked: [boolean, boolean]
  imageIn: number
}

interface Group {
  row: GroupRow
  head: number
  position: number
  readonly members: Map<string, MembershipRow>
  readonly own: Map<string, number>
  imageIn: number
}

const users = ['a', 'a\0', 'ab', 'b', 'é']
const groupIds = ['g', 'g\0', 'gh']
const fanOut = 3
const pick = (from: readonly string[], number: number): string => from[number % from.length] as string

/**
 * Writes deeds down as records, as the write path of the store does: absolutely, and with an image in the first record
 * about a conversation in a generation. Where generations end is given, so the same deeds can be cut anywhere.
 */
export class Scribe {
  readonly #directs = new Map<string, Direct>()
  readonly #groups = new Map<string, Group>()
  readonly #contacts = new Map<string, ContactRow>()
  readonly #marks = new Map<string, MarksRow>()
  readonly #generations: { records: Buffer[]; first: number }[] = []
  #generation = 0
  #position = 0

  /** One range of records for each generation that has any. `cuts` are numbers of deeds after which one ends. */
  static write(deeds: readonly Deed[], cuts: ReadonlySet<number>): RecordRange[] {
    const scribe = new Scribe()
    deeds.forEach((deed, index) => {
      scribe.#do(deed)
      if (cuts.has(index)) scribe.#generation++
    })
    return scribe.#generations
      .filter((generation) => generation !== undefined)
      .map(({ records, first }) => rangeOf(records, first))
  }

  get #time(): number {
    return 1_000 + Math.floor(this.#position / 2)
  }

  #put(record: Buffer): void {
    const generation = (this.#generations[this.#generation] ??= { records: [], first: this.#position })
    generation.records.push(Buffer.from(record))
  }

  #plain(record: PlainRecord): void {
    this.#put(encodeRecord(record))
  }

  #do({ what, who, whom, size }: Deed): void {
    const user = pick(users, who)
    const other = pick(users, whom)
    const conversation = pick(groupIds, whom)
    const group = this.#groups.get(conversation)
    const member = group?.members.get(user)
    const isIn = member?.intervals.at(-1)?.to === null
    this.#position++
    const time = this.#time
    const position = this.#position
    switch (what) {
      case 'direct':
        return this.#direct(user, other, size)
      case 'message':
        if (group !== undefined && isIn) return this.#message(conversation, group, user, size)
        break
      case 'create':
        if (group === undefined) return this.#create(conversation, user, size)
        break
      case 'join':
        if (group !== undefined && !isIn) return this.#join(conversation, group, user, member)
        break
      case 'leave':
        if (group !== undefined && member !== undefined && isIn)
          return this.#leave(conversation, group, user, member)
        break
      case 'rename':
        if (group !== undefined) {
          const image = this.#image(group)
          group.row = { ...group.row, title: `title ${size}`, position }
          return this.#plain({ kind: 'rename', time, conversation, group: group.row, image })
        }
        break
      case 'marks': {
        const key = `${user}/${size % 2 === 0 ? other : conversation}`
        if (size % 2 === 1 && group === undefined) break
        const by = size % 4 < 2 ? 'read' : 'delivered'
        const before = this.#marks.get(key) ?? { readAt: 0, deliveredAt: 0 }
        const marks = { read: size, delivered: size, ownAtRead: 0, ...before, [`${by}At`]: position }
        this.#marks.set(key, marks)
        if (size % 2 === 0) return this.#directMarks(user, other, by, marks)
        return this.#plain({ kind: 'groupMarks', time, user, conversation, marks })
      }
      case 'contact': {
        const contact = { ...this.#contact(user, other), listed: size % 2 === 0, alias: `alias ${size}` }
        this.#contacts.set(`${user}/${other}`, contact)
        return this.#plain({ kind: 'contact', time, user, other, contact })
      }
      case 'block':
        if (user !== other) return this.#block(user, other, size % 2 === 0)
        break
      case 'user':
        return this.#plain({ kind: 'user', time, user, name: `name ${size}`, profile: undefined })
    }
    // Nothing was written: the position is not used up.
    this.#position--
  }

  #contact(user: string, other: string): ContactRow {
    return this.#contacts.get(`${user}/${other}`) ?? { listed: false, alias: undefined, blocked: false }
  }

  #conversation(a: string, b: string): Direct {
    const pair = a <= b ? ([a, b] as const) : ([b, a] as const)
    const id = directConversationId(a, b)
    let direct = this.#directs.get(id)
    if (direct === undefined) {
      direct = { id, pair, head: 0, n0: 0, position: 0, timestamp: 0, blocked: [false, false], imageIn: -1 }
      this.#directs.set(id, direct)
    }
    return direct
  }

  #draft(sender: string, size: number): MessageDraft {
    const text = 'x'.repeat(size % 7 === 0 ? 1500 : size)
    return {
      sender,
      id: `m${this.#position}`,
      deviceId: undefined,
      text,
      attributes: undefined,
      sentAt: undefined,
    } as unknown as MessageDraft
  }

  #direct(sender: string, receiver: string, size: number): void {
    const direct = this.#conversation(sender, receiver)
    const draft = this.#draft(sender, size)
    const [first, second] = direct.pair
    const bytes = Buffer.alloc(messageHeadBytes + directImageBytes + bodyRoom(draft))
    direct.head++
    if (sender === first) direct.n0++
    let bits = sender === first ? 0 : flags.second
    if (direct.blocked[0]) bits |= flags.firstBlocked
    if (direct.blocked[1]) bits |= flags.secondBlocked
    bytes[0] = recordKinds.directMessage
    bytes.writeUIntLE(this.#time, timeAt, 6)
    bytes.writeUIntLE(direct.head, seqAt, 6)
    bytes.writeUIntLE(direct.n0, countAt, 6)
    let at = writeId(second, bytes, writeId(first, bytes, idsAt))
    if (direct.imageIn !== this.#generation) {
      bits |= flags.image
      at = writeDirectImage(direct.id, direct.position, bytes, at)
    }
    bytes[flagsAt] = bits
    direct.imageIn = this.#generation
    direct.position = this.#position
    direct.timestamp = this.#time
    this.#put(bytes.subarray(0, writeBody(draft, bytes, at)))
  }

  /** They name the conversation as long as no record with an image has. */
  #directMarks(user: string, other: string, by: 'read' | 'delivered', marks: MarksRow): void {
    const { id, pair, imageIn } = this.#conversation(user, other)
    const bytes = Buffer.alloc(directMarksBytes)
    const side = user === pair[0] ? 0 : 1
    const name = imageIn === this.#generation ? null : id
    this.#put(bytes.subarray(0, writeDirectMarks(bytes, 0, this.#time, side, by, marks, ...pair, name)))
  }

  #block(blocker: string, other: string, blocked: boolean): void {
    const direct = this.#conversation(blocker, other)
    direct.blocked[blocker === direct.pair[0] ? 1 : 0] = blocked
    const contact = { ...this.#contact(blocker, other), blocked }
    this.#contacts.set(`${blocker}/${other}`, contact)
    const { head, n0, position, timestamp } = direct
    const [firstBlocked, secondBlocked] = direct.blocked
    direct.imageIn = this.#generation
    this.#plain({
      kind: 'block',
      time: this.#time,
      blocker,
      other,
      contact,
      head: { head, n0, position, timestamp, firstBlocked, secondBlocked },
      previous: position,
    })
  }

  #image(group: Group): GroupImage | null {
    if (group.imageIn === this.#generation) return null
    group.imageIn = this.#generation
    const present = [...group.members.values()].filter(({ intervals }) => intervals.at(-1)?.to === null)
    const members = present.map(({ user, joined }) => ({ user, previous: Math.max(group.position, joined) }))
    return { previous: group.position, members: group.row.large ? [] : members }
  }

  #create(conversation: string, creator: string, size: number): void {
    const position = this.#position
    const members = [...new Set([creator, ...users.slice(0, 1 + (size % 4))])]
    const row: GroupRow = {
      title: undefined,
      creator,
      owner: creator,
      createdAt: this.#time,
      createdAs: '',
      memberCount: members.length,
      lastOrdinal: members.length,
      large: members.length > fanOut,
      position,
    }
    const rows = members.map((user, i) => [user, this.#membership(user, i + 1, undefined, 1, 0)] as const)
    this.#groups.set(conversation, {
      row,
      head: 0,
      position: 0,
      members: new Map(rows),
      own: new Map(),
      imageIn: this.#generation,
    })
    this.#plain({ kind: 'create', time: this.#time, conversation, group: row, members })
  }

  #membership(
    user: string,
    ordinal: number,
    former: MembershipRow | undefined,
    from: number,
    ownAtJoin: number,
  ): MembershipRow {
    const position = this.#position
    return {
      user,
      intervals: [...(former?.intervals ?? []), { from, to: null }],
      ordinal,
      ownAtJoin,
      joined: position,
      joinedBefore: former === undefined ? [] : [...former.joinedBefore, former.joined],
      joinedAt: this.#time,
      place: 0,
      left: null,
      position,
    }
  }

  #join(conversation: string, group: Group, user: string, former: MembershipRow | undefined): void {
    const image = this.#image(group)
    const own = group.own.get(user) ?? 0
    const membership = this.#membership(user, group.row.lastOrdinal + 1, former, group.head + 1, own)
    const memberCount = group.row.memberCount + 1
    const large = group.row.large || memberCount > fanOut
    const becameLarge = large && !group.row.large
    const { lastOrdinal } = membership.ordinal > 0 ? { lastOrdinal: membership.ordinal } : group.row
    group.row = { ...group.row, memberCount, lastOrdinal, large, position: this.#position }
    group.members.set(user, membership)
    const joined = [{ membership, previous: former?.place ?? 0 }]
    this.#plain({
      kind: 'join',
      time: this.#time,
      conversation,
      group: group.row,
      image,
      joined,
      becameLarge,
    })
  }

  #leave(conversation: string, group: Group, user: string, present: MembershipRow): void {
    const image = this.#image(group)
    const { from } = present.intervals.at(-1) as { from: number }
    const memberCount = group.row.memberCount - 1
    group.row = { ...group.row, memberCount, position: this.#position }
    const membership: MembershipRow = {
      ...present,
      intervals: [...present.intervals.slice(0, -1), { from, to: group.head }],
      place: group.head >= from ? group.position : present.joined,
      left: { title: group.row.title, memberCount },
      position: this.#position,
    }
    group.members.set(user, membership)
    this.#plain({ kind: 'leave', time: this.#time, conversation, group: group.row, image, membership })
  }

  #message(conversation: string, group: Group, sender: string, size: number): void {
    const image = this.#image(group)
    const w = new ByteWriter()
    if (image !== null) writeImage(w, image)
    const draft = this.#draft(sender, size)
    const bytes = Buffer.alloc(messageHeadBytes + w.length + bodyRoom(draft))
    const ordinal = (group.own.get(sender) ?? 0) + 1
    group.own.set(sender, ordinal)
    group.head++
    group.position = this.#position
    bytes[0] = recordKinds.groupMessage
    bytes.writeUIntLE(this.#time, timeAt, 6)
    bytes[flagsAt] = (image === null ? 0 : flags.image) | (group.row.large ? flags.large : 0)
    bytes.writeUIntLE(group.head, seqAt, 6)
    bytes.writeUIntLE(ordinal, countAt, 6)
    const at = writeId(sender, bytes, writeId(conversation, bytes, idsAt))
    bytes.set(w.finish(), at)
    this.#put(bytes.subarray(0, writeBody(draft, bytes, at + w.length)))
  }
}
