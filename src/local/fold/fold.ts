import { badBytes } from '../../formats/bytes.js'
import { recordLengthBytes } from '../../formats/frames.js'
import { decodeRecord, recordKinds, timeAt, type PlainRecord } from '../../formats/records.js'
import { pairKey } from '../../model/pair-key.js'
import { DirectMessages } from './direct-messages.js'
import { GroupFold } from './group-fold.js'
import { Partitions } from './partitions.js'
import type { RecordRange, RowSink } from './sink.js'

/**
 * The fold: records of one generation → rows of the shards and blocks of the body file. What comes out depends on the records
 * alone (P7 in docs/crash-safety.md), so it may be repeated any number of times over shards that are behind, ahead or full of
 * holes. Flush, recovery and a flush thread are this one piece of code.
 *
 * Use: `add` all ranges in order, then run `blocks` to its end and make them durable, then run `rows` to its end. Both are
 * generators that pause after each conversation and in long lists, so that a caller on the main thread can let others run.
 */
export class Fold {
  readonly #partitions: Partitions
  readonly #directs: DirectMessages
  readonly #groups = new Map<string, GroupFold>()
  readonly #contacts = new Map<
    string,
    { record: PlainRecord & { kind: 'contact' | 'block' }; position: number }
  >()
  readonly #users = new Map<string, { record: PlainRecord & { kind: 'user' }; position: number }>()
  readonly #hashSeed: number
  #last = 0

  /** `hashSeed` is the store's secret for id hashes; `shardOf` places a partition. */
  constructor(options: { readonly hashSeed: number; readonly shardOf: (id: string) => number }) {
    this.#partitions = new Partitions(options.shardOf)
    this.#directs = new DirectMessages(this.#partitions)
    this.#hashSeed = options.hashSeed
  }

  /** The position of the last record: what the rows of changes are filed under. */
  get last(): number {
    return this.#last
  }

  /** Takes in a range of records; the bytes must stay as they are until the fold has been used up. */
  *add(range: RecordRange): Generator<void> {
    const { bytes, end } = range
    this.#directs.begin(range)
    let at = range.start
    let position = range.firstPosition
    for (let i = 0; i < range.count; i++) {
      const start = at + recordLengthBytes
      const stop = start + bytes.readUInt32LE(at)
      if (stop > end) throw badBytes('a record ends behind its frame')
      this.#record(bytes, start, stop, position)
      this.#last = position++
      at = stop
      if ((i & 63) === 63) yield
    }
  }

  /** In the order of the conversations' ids, so that files can be merged by reading them from end to end. */
  *blocks(append: (block: Buffer) => number): Generator<void> {
    const { conversations, columns } = this.#directs
    const all = [...conversations, ...this.#groups.values()]
    all.sort((a, b) => (a.id < b.id ? -1 : 1))
    for (const conversation of all) {
      conversation.writeBlock(append, columns)
      yield
    }
  }

  /** `file` names the body file that the blocks went to. */
  *rows(sink: RowSink, file: number): Generator<void> {
    const { conversations, columns } = this.#directs
    for (const direct of conversations) {
      direct.writeRows(sink, file, this.#hashSeed, columns)
      yield
    }
    for (const group of this.#groups.values()) {
      yield* group.writeRows(sink, file, this.#hashSeed, this.#partitions, this.#last, this.#directs)
    }
    for (const { record, position } of this.#contacts.values()) {
      const owner = record.kind === 'block' ? record.blocker : record.user
      this.#partitions.user(owner).putContact(sink, record.other, { ...record.contact, position })
      yield
    }
    for (const { record, position } of this.#users.values()) {
      this.#partitions
        .user(record.user)
        .putProfile(sink, { name: record.name, profile: record.profile, position })
      yield
    }
    for (const partition of this.#partitions.users()) {
      yield* partition.putChanges(sink, this.#last, this.#directs, this.#partitions.changeList)
      partition.putTouched(sink, this.#last)
      yield
    }
  }

  #record(bytes: Buffer, start: number, end: number, position: number): void {
    const kind = bytes[start]
    if (kind === recordKinds.directMessage) this.#directs.add(bytes, start, end, position)
    else if (kind === recordKinds.directMarks) this.#directs.addMarks(bytes, start, end, position)
    else if (kind === recordKinds.groupMessage) {
      const group = GroupFold.messageGroup(bytes, start, end)
      this.#group(group).addMessage(bytes, start, end, position)
    } else this.#plain(decodeRecord(bytes, start, end), position)
  }

  #group(id: string): GroupFold {
    let group = this.#groups.get(id)
    if (group === undefined) this.#groups.set(id, (group = new GroupFold(this.#partitions.group(id))))
    return group
  }

  #plain(record: PlainRecord, position: number): void {
    switch (record.kind) {
      case 'cut':
        return
      case 'groupMarks':
        this.#group(record.conversation).addMarks(record.user, record.marks, position)
        return
      case 'block': {
        const [first, second] = [record.blocker, record.other].sort() as [string, string]
        this.#directs.between(first, second).setHead(record.head, record.previous)
        this.#contacts.set(pairKey(record.blocker, record.other), { record, position })
        this.#partitions.user(record.blocker).addChange({ position, kind: 'contact', user: record.other })
        return
      }
      case 'contact':
        this.#contacts.set(pairKey(record.user, record.other), { record, position })
        this.#partitions.user(record.user).addChange({ position, kind: 'contact', user: record.other })
        return
      case 'user':
        this.#users.set(record.user, { record, position })
        this.#partitions.user(record.user).addChange({ position, kind: 'profile' })
        return
      case 'create':
      case 'join':
      case 'leave':
      case 'rename':
        this.#group(record.conversation).addEvent(record, position)
    }
  }
}

/** The store's time of a record. */
export function recordTime(bytes: Buffer, start: number): number {
  return bytes.readUIntLE(start + timeAt, 6)
}
