import { encodeChanges, type StoredChange } from '../../formats/change-list.js'
import { groupPartition, keys, userPartition } from '../../formats/keys.js'
import type { ContactRow, MarksRow } from '../../formats/record-parts.js'
import { rows } from '../../formats/rows.js'
import type { RowSink } from './sink.js'

/** A partition that the generation touches: its key prefix and shard, worked out once, and what changed in it. */
export class Partition {
  readonly id: string
  readonly row: Buffer
  readonly shard: number
  readonly #changes: StoredChange[] = []

  constructor(id: string, row: Buffer, shard: number) {
    this.id = id
    this.row = row
    this.shard = shard
  }

  addChange(change: StoredChange): void {
    this.#changes.push(change)
  }

  putChanges(sink: RowSink, cut: number): void {
    if (this.#changes.length > 0)
      sink.put(this.shard, keys.changes(this.row, cut), encodeChanges(this.#changes))
  }

  putMarks(sink: RowSink, conversation: string, marks: MarksRow): void {
    sink.put(this.shard, keys.marks(this.row, conversation), rows.marks.encode(marks))
  }

  putContact(sink: RowSink, other: string, contact: ContactRow & { position: number }): void {
    sink.put(this.shard, keys.contact(this.row, other), rows.contactEntry.encode(contact))
  }

  putProfile(sink: RowSink, profile: { name: string; profile: string | undefined; position: number }): void {
    sink.put(this.shard, keys.profile(this.row), rows.profile.encode(profile))
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
