import { ChangeListWriter, type StoredChange } from '../../formats/change-list.js'
import { idHashOfSender } from '../../formats/id-hash.js'
import { groupPrefix, scratchKeys, userPrefix } from '../../formats/keys.js'
import type { ContactRow, MarksRow } from '../../formats/record-parts.js'
import { rows } from '../../formats/rows.js'
import { none } from '../columns.js'
import type { RowSink } from './sink.js'

/** The messages of a partition's direct conversations, in ascending order. */
export interface MessageChain {
  /** The next message in the partition's chain, or `none`. */
  next(partition: Partition, message: number): number
  position(message: number): number
  conversation(message: number): string
  /** The peer of the partition's user in it. */
  peer(partition: Partition, message: number): string
  seq(message: number): number
}

/** A partition that the generation touches: its key prefix and shard, worked out once, and what changed in it. */
export class Partition {
  readonly id: string
  readonly prefix: Buffer
  readonly shard: number
  /** The chain of its direct messages; written by the fold. */
  firstMessage = none
  lastMessage = none
  /** Everything else. */
  #changes: StoredChange[] | null = null
  #inOrder = true
  #isMarked = false
  #hash: number | null = null

  constructor(id: string, prefix: Buffer, shard: number) {
    this.id = id
    this.prefix = prefix
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

  /** Pauses now and then: all that a generation has may have happened here. */
  *putChanges(sink: RowSink, cut: number, chain: MessageChain, list: ChangeListWriter): Generator<void> {
    const others = this.#changes ?? []
    if (this.firstMessage === none && others.length === 0) return
    // Marks come after all else. Those of a group are in order, and the sort merges what is in order: it is one of runs.
    if (!this.#inOrder) others.sort((a, b) => a.position - b.position)
    let other = 0
    let message = this.firstMessage
    for (let i = 1; message !== none || other < others.length; i++) {
      const change = others[other]
      if (message === none || (change !== undefined && change.position < chain.position(message))) {
        list.add(change as StoredChange)
        other++
      } else {
        const peer = chain.peer(this, message)
        list.message(chain.position(message), chain.conversation(message), chain.seq(message), peer)
        message = chain.next(this, message)
      }
      if ((i & 63) === 0) yield
    }
    sink.put(this.shard, scratchKeys.changes(this.prefix, cut), list.finish())
  }

  /** Writes when something of a user changed: by this a reader of the list's copy sees whether it is stale. */
  putTouched(sink: RowSink, cut: number): void {
    const { shard, prefix } = this
    sink.put(shard, scratchKeys.copy(prefix, 'touched'), rows.touched.encodeInScratch(cut))
    if (this.#isMarked) sink.put(shard, scratchKeys.copy(prefix, 'marked'), rows.touched.encodeInScratch(cut))
  }

  putMarks(sink: RowSink, conversation: string, marks: MarksRow): void {
    this.#isMarked = true
    sink.put(this.shard, scratchKeys.marks(this.prefix, conversation), rows.marks.encodeInScratch(marks))
  }

  putContact(sink: RowSink, other: string, contact: ContactRow & { position: number }): void {
    sink.put(this.shard, scratchKeys.contact(this.prefix, other), rows.contact.encodeInScratch(contact))
  }

  putProfile(sink: RowSink, profile: { name: string; profile: string | undefined; position: number }): void {
    sink.put(this.shard, scratchKeys.profile(this.prefix), rows.profile.encodeInScratch(profile))
  }
}

/** The partitions of a generation, each made once. */
export class Partitions {
  /** For one list after the other. */
  readonly changeList = new ChangeListWriter()
  readonly #users = new Map<string, Partition>()
  readonly #shardOf: (id: string) => number

  constructor(shardOf: (id: string) => number) {
    this.#shardOf = shardOf
  }

  user(id: string): Partition {
    let partition = this.#users.get(id)
    if (partition === undefined) {
      this.#users.set(id, (partition = new Partition(id, userPrefix(id), this.#shardOf(id))))
    }
    return partition
  }

  group(id: string): Partition {
    return new Partition(id, groupPrefix(id), this.#shardOf(id))
  }

  users(): Iterable<Partition> {
    return this.#users.values()
  }
}
