import { BlockWriter } from '../../formats/block.js'
import { ByteReader } from '../../formats/bytes.js'
import { idHashOfBody, idHashOfSender } from '../../formats/id-hash.js'
import { scratchKeys } from '../../formats/keys.js'
import { endOfId, readId } from '../../formats/message-body.js'
import {
  foundingMembership,
  readImage,
  type GroupImage,
  type GroupRow,
  type MarksRow,
  type MembershipRow,
} from '../../formats/record-parts.js'
import { countAt, flags, flagsAt, idsAt, seqAt, timeAt, type PlainRecord } from '../../formats/records.js'
import { rows } from '../../formats/rows.js'
import { GroupMarks } from './group-marks.js'
import type { MessageChain, Partition, Partitions } from './partitions.js'
import type { RowSink } from './sink.js'

type GroupEvent = Extract<PlainRecord, { kind: 'create' | 'join' | 'leave' | 'rename' }>

/** Where a small group stands in one member's list: before this generation, by joining, or for good after leaving. */
interface ListPlace {
  previous: number
  joined: number
  left: number
}

interface GroupMessage {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  readonly position: number
  readonly timestamp: number
  readonly sender: string
}

const blockWriter = new BlockWriter()
const nothing = Buffer.alloc(0)

/** What a generation makes of one group. */
export class GroupFold {
  readonly #partition: Partition
  readonly #messages: GroupMessage[] = []
  readonly #places = new Map<string, ListPlace>()
  readonly #memberships = new Map<string, MembershipRow>()
  /** Ordinals of the roll that came and went. */
  readonly #roll = new Map<number, string | null>()
  readonly #own = new Map<string, { before: number; seqs: number[] }>()
  #marks: GroupMarks | null = null
  #state: GroupRow | null = null
  #large = false
  #becameLarge = false
  #firstSeq = 0
  #offset = 0
  #length = 0

  constructor(partition: Partition) {
    this.#partition = partition
  }

  get id(): string {
    return this.#partition.id
  }

  static messageGroup(bytes: Buffer, start: number, end: number): string {
    endOfId(bytes, start + idsAt, end)
    return readId(bytes, start + idsAt)
  }

  addMarks(user: string, marks: MarksRow, position: number): void {
    this.#marks ??= new GroupMarks(this.#partition.id)
    this.#marks.add(user, marks, position)
  }

  addMessage(bytes: Buffer, start: number, end: number, position: number): void {
    const bits = bytes[start + flagsAt] as number
    const seq = bytes.readUIntLE(start + seqAt, 6)
    const ordinal = bytes.readUIntLE(start + countAt, 6)
    const timestamp = bytes.readUIntLE(start + timeAt, 6)
    const senderAt = endOfId(bytes, start + idsAt, end)
    const sender = readId(bytes, senderAt)
    let body = endOfId(bytes, senderAt, end)
    if ((bits & flags.image) !== 0) {
      const reader = new ByteReader(bytes, body, end)
      this.#takeImage(readImage(reader))
      body = reader.at
    }
    this.#large = (bits & flags.large) !== 0
    if (this.#messages.length === 0) this.#firstSeq = seq
    this.#messages.push({ bytes, start: body, end, position, timestamp, sender })
    const own = this.#own.get(sender)
    if (own === undefined) this.#own.set(sender, { before: ordinal - 1, seqs: [seq] })
    else own.seqs.push(seq)
    this.#partition.addChange({ position, kind: 'message', conversation: this.#partition.id, seq })
  }

  addEvent(event: GroupEvent, position: number): void {
    const conversation = this.#partition.id
    this.#state = event.group
    if ('image' in event) this.#takeImage(event.image)
    if (event.kind === 'create') {
      event.members.forEach((user, i) => {
        this.#join(foundingMembership(user, i + 1, position, event.time), 0)
      })
    }
    if (event.kind === 'join')
      for (const { membership, previous } of event.joined) this.#join(membership, previous)
    if (event.kind === 'create' || event.kind === 'join') {
      const users =
        event.kind === 'create' ? event.members : event.joined.map(({ membership }) => membership.user)
      for (const user of users) this.#partition.addChange({ position, kind: 'member', conversation, user })
    }
    if (event.kind === 'leave') {
      const { membership } = event
      this.#memberships.set(membership.user, membership)
      this.#roll.set(membership.ordinal, null)
      const place = this.#places.get(membership.user)
      if (place === undefined)
        this.#places.set(membership.user, { previous: 0, joined: 0, left: membership.place })
      else place.left = membership.place
      this.#partition.addChange({ position, kind: 'member', conversation, user: membership.user })
    }
    this.#partition.addChange({ position, kind: 'conversation', conversation })
    this.#large = event.group.large
    if (event.kind === 'join' && event.becameLarge) this.#becameLarge = true
  }

  writeBlock(append: (block: Buffer) => number): void {
    if (this.#messages.length === 0) return
    const senders = new Map<string, number>()
    for (const { sender, position, timestamp, bytes, start, end } of this.#messages) {
      let author = senders.get(sender)
      if (author === undefined) senders.set(sender, (author = senders.size))
      blockWriter.add(position, timestamp, author, bytes, start, end)
    }
    const block = blockWriter.finish(this.#partition.id, this.#firstSeq, 0, [...senders.keys()])
    this.#length = block.length
    this.#offset = append(block)
  }

  *writeRows(
    sink: RowSink,
    file: number,
    hashSeed: number,
    partitions: Partitions,
    cut: number,
    chain: MessageChain,
  ): Generator<void> {
    const { id, prefix, shard } = this.#partition
    if (this.#state !== null) sink.put(shard, scratchKeys.group(prefix), rows.group.encode(this.#state))
    const last = this.#messages.at(-1)
    if (last !== undefined) {
      const head = this.#firstSeq + this.#messages.length - 1
      sink.put(
        shard,
        scratchKeys.head(prefix, id),
        rows.groupHead.encode({ head, position: last.position, timestamp: last.timestamp }),
      )
      sink.put(shard, scratchKeys.run(prefix, id, head), rows.run.encodeInScratch(this.#run(file, hashSeed)))
    }
    for (const [user, membership] of this.#memberships) {
      const value = rows.membership.encode(membership)
      sink.put(shard, scratchKeys.member(prefix, user), value)
      const member = partitions.user(user)
      sink.put(member.shard, scratchKeys.membership(member.prefix, id), value)
      yield
    }
    for (const [ordinal, user] of this.#roll) {
      if (user === null) sink.del(shard, scratchKeys.roll(prefix, ordinal))
      else sink.put(shard, scratchKeys.roll(prefix, ordinal), rows.roll.encode(user))
    }
    for (const [user, own] of this.#own) {
      const member = partitions.user(user)
      sink.put(member.shard, scratchKeys.own(member.prefix, id, own.seqs[0] as number), rows.own.encode(own))
    }
    for (const [user, place] of this.#places) {
      this.#writePlace(sink, partitions.user(user), place, last?.position ?? 0)
      yield
    }
    if (this.#marks !== null) yield* this.#writeMarks(sink, partitions, this.#marks)
    yield* this.#partition.putChanges(sink, cut, chain, partitions.changeList)
  }

  *#writeMarks(sink: RowSink, partitions: Partitions, marks: GroupMarks): Generator<void> {
    for (const [user, row] of marks.last) {
      partitions.user(user).putMarks(sink, this.#partition.id, row)
      yield
    }
    for (const change of marks.changes()) {
      this.#partition.addChange(change)
      yield
    }
  }

  /** A member's list: large groups are marked once, small ones stand where their last message put them. */
  #writePlace(sink: RowSink, member: Partition, place: ListPlace, lastMessage: number): void {
    const { prefix, shard } = member
    const { id } = this.#partition
    const { previous, joined, left } = place
    if (left > 0) {
      if (this.#large) sink.del(shard, scratchKeys.large(prefix, id))
      if (previous > 0 && previous !== left) sink.del(shard, scratchKeys.recent(prefix, previous, id))
      sink.put(shard, scratchKeys.recent(prefix, left, id), nothing)
      return
    }
    if (this.#large) {
      if (joined === 0 && !this.#becameLarge) return
      if (previous > 0) sink.del(shard, scratchKeys.recent(prefix, previous, id))
      sink.put(shard, scratchKeys.large(prefix, id), nothing)
      return
    }
    const now = Math.max(lastMessage, joined)
    if (now === 0) return
    if (previous > 0 && previous !== now) sink.del(shard, scratchKeys.recent(prefix, previous, id))
    sink.put(shard, scratchKeys.recent(prefix, now, id), nothing)
  }

  #takeImage(image: GroupImage | null): void {
    if (image === null) return
    for (const { user, previous } of image.members) this.#places.set(user, { previous, joined: 0, left: 0 })
  }

  #join(membership: MembershipRow, previous: number): void {
    const { user, ordinal, joined } = membership
    this.#memberships.set(user, membership)
    this.#roll.set(ordinal, user)
    const place = this.#places.get(user)
    // A member who left and came back within the generation keeps the place of before it: that row is what must go.
    this.#places.set(user, { previous: place?.previous ?? previous, joined, left: 0 })
  }

  #run(file: number, hashSeed: number) {
    const messages = this.#messages
    return {
      file,
      offset: this.#offset,
      length: this.#length,
      firstSeq: this.#firstSeq,
      count: messages.length,
      firstPosition: (messages[0] as GroupMessage).position,
      lastPosition: (messages.at(-1) as GroupMessage).position,
      hashes: messages.map(({ bytes, start, end, sender }) =>
        idHashOfBody(idHashOfSender(hashSeed, sender), bytes, start, end),
      ),
    }
  }
}
