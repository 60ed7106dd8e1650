import { ChangeListWriter, type StoredChange } from '../../formats/change-list.js'
import { idHashOfSender } from '../../formats/id-hash.js'
import { groupPartition, passingKeys, userPartition } from '../../formats/keys.js'
import type { ContactRow, MarksRow } from '../../formats/record-parts.js'
import { rows } from '../../formats/rows.js'
import { none } from './message-columns.js'
import type { RowSink } from './sink.js'

/** The messages of a partition's direct conversations, in ascending order. */
export interface MessageChain {
  /** The message behind this one in the partition's chain, or `none`. */
  next(partition: Partition, message: number): number
  position(message: number): number
  conversation(message: number): string
  /** Whom it is with, for the partition's user. */
  peer(partition: Partition, message: number): string
  seq(message: number): number
}

const changeList = new ChangeListWriter()

/** A partition that the generation touches: its key prefix and shard, worked out once, and what changed in it. */
export class Partition {
  readonly id: string
  readonly row: Buffer
  readonly shard: number
  /** The chain of its direct messages; written by the fold. */
  firstMessage = none
  lastMessage = none
  /** Everything else. */
  #changes: StoredChange[] | null = null
  #inOrder = true
  #isMarked = false
  #hash: number | null = null

  constructor(id: string, row: Buffer, shard: number) {
    this.id = id
    this.row = row
    this.shard = shard
  }

  /** What the hashes of all message ids of this user begin with. */
  idHash(seed: number): number {
    return (this.#hash ??= idHashOfSender(seed, this.id))
  }

  addChange(change: StoredChange): void {
    if (this.#changes === null) {
      this.#changes = [change]
      return
    }
    if ((this.#changes.at(-1) as StoredChange).position > change.position) this.#inOrder = false
    this.#changes.push(change)
  }

  putChanges(sink: RowSink, cut: number, chain: MessageChain): void {
    const others = this.#changes ?? []
    if (this.firstMessage === none && others.length === 0) return
    // Marks come when the last one of each kind is known.
    if (!this.#inOrder) others.sort((a, b) => a.position - b.position)
    let other = 0
    for (let message = this.firstMessage; message !== none; message = chain.next(this, message)) {
      const position = chain.position(message)
      while (other < others.length && (others[other] as StoredChange).position < position)
        changeList.add(others[other++] as StoredChange)
      const peer = chain.peer(this, message)
      changeList.message(position, chain.conversation(message), chain.seq(message), peer)
    }
    while (other < others.length) changeList.add(others[other++] as StoredChange)
    sink.put(this.shard, passingKeys.changes(this.row, cut), changeList.finish())
  }

  /** Of a user: whoever has a copy of the list sees by this whether it is old. */
  putTouched(sink: RowSink, cut: number): void {
    const { shard, row } = this
    sink.put(shard, passingKeys.copy(row, 'touched'), rows.touched.pass(cut))
    if (this.#isMarked) sink.put(shard, passingKeys.copy(row, 'marked'), rows.touched.pass(cut))
  }

  putMarks(sink: RowSink, conversation: string, marks: MarksRow): void {
    this.#isMarked = true
    sink.put(this.shard, passingKeys.marks(this.row, conversation), rows.marks.pass(marks))
  }

  putContact(sink: RowSink, other: string, contact: ContactRow & { position: number }): void {
    sink.put(this.shard, passingKeys.contact(this.row, other), rows.contactEntry.pass(contact))
  }

  putProfile(sink: RowSink, profile: { name: string; profile: string | undefined; position: number }): void {
    sink.put(this.shard, passingKeys.profile(this.row), rows.profile.pass(profile))
  }
}

/** The partitions of a generation, each made once. */
export class Partitions {
  readonly #users = new Map<string, Partition>()
  readonly #shardOf: (id: string) => number

  constructor(shardOf: (id: string) => number) {
    this.#shardOf = shardOf
  }

  user(id: string): Partition {
    let partition = this.#users.get(id)
    if (partition === undefined) {
      this.#users.set(id, (partition = new Partition(id, userPartition(id), this.#shardOf(id))))
    }
    return partition
  }

  group(id: string): Partition {
    return new Partition(id, groupPartition(id), this.#shardOf(id))
  }

  users(): Iterable<Partition> {
    return this.#users.values()
  }
}
