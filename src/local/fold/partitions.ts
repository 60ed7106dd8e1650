import { encodeChanges, type StoredChange } from '../../formats/change-list.js'
import { groupPartition, keys, userPartition } from '../../formats/keys.js'
import type { ContactRow, MarksRow } from '../../formats/record-parts.js'
import { rows } from '../../formats/rows.js'
import type { RowSink } from './sink.js'

/** Something whose changes a partition lists, in ascending order. */
export interface ChangeSource {
  listChanges(into: StoredChange[]): void
}

/** A partition that the generation touches: its key prefix and shard, worked out once, and what changed in it. */
export class Partition {
  readonly id: string
  readonly row: Buffer
  readonly shard: number
  readonly #changes: StoredChange[] = []
  /** Direct conversations list their messages when they are asked for: kept apart, they are nothing but numbers. */
  readonly #sources: ChangeSource[] = []

  constructor(id: string, row: Buffer, shard: number) {
    this.id = id
    this.row = row
    this.shard = shard
  }

  addChange(change: StoredChange): void {
    this.#changes.push(change)
  }

  addSource(source: ChangeSource): void {
    this.#sources.push(source)
  }

  putChanges(sink: RowSink, cut: number): void {
    const changes = [...this.#changes]
    for (const source of this.#sources) source.listChanges(changes)
    if (changes.length === 0) return
    changes.sort((a, b) => a.position - b.position)
    sink.put(this.shard, keys.changes(this.row, cut), encodeChanges(changes))
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
