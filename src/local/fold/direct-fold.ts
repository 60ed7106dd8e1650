import { BlockWriter } from '../../formats/block.js'
import type { StoredChange } from '../../formats/change-list.js'
import { idHashOfBody } from '../../formats/id-hash.js'
import { scratchKeys } from '../../formats/keys.js'
import type { DirectHead, MarksRow } from '../../formats/record-parts.js'
import { flags } from '../../formats/records.js'
import { excerptBytes, rows } from '../../formats/rows.js'
import { none } from '../columns.js'
import type { MessageColumns } from './message-columns.js'
import type { Partition } from './partitions.js'
import type { RowSink } from './sink.js'

/** In the partitions of both sides, or in the one of notes to self. */
function addChange(change: StoredChange, owner: Partition, other: Partition): void {
  owner.addChange(change)
  if (other !== owner) other.addChange(change)
}

const blockWriter = new BlockWriter()

/** A participant's marks at the end of the generation, and which of them moved in it. */
interface MovedMarks {
  readonly marks: MarksRow
  readonly movedRead: boolean
  readonly movedDelivered: boolean
}

/** What a generation makes of one direct conversation. Its messages stand in the columns, as a chain. */
export class DirectFold {
  readonly id: string
  readonly first: Partition
  readonly second: Partition
  firstMessage = none
  lastMessage = none
  count = 0
  firstSeq = 0
  #n0Before = 0
  #previous = 0
  /** After the last message. */
  #n0 = 0
  #bits = 0
  /** Where a block or an unblock after the last message has put it; null if there was none. */
  #head: DirectHead | null = null
  #firstMarks: MovedMarks | null = null
  #secondMarks: MovedMarks | null = null
  #offset = 0
  #length = 0

  constructor(id: string, first: Partition, second: Partition) {
    this.id = id
    this.first = first
    this.second = second
  }

  /** Message `message` of the columns. `previous` says where the conversation stood before this generation. */
  add(
    columns: MessageColumns,
    message: number,
    seq: number,
    n0: number,
    bits: number,
    previous: number,
  ): void {
    if (this.count === 0) {
      if (this.#head === null) this.#previous = previous
      this.firstSeq = seq
      this.#n0Before = n0 - (columns.authors[message] === 0 ? 1 : 0)
      this.firstMessage = message
    } else columns.next[this.lastMessage] = message
    columns.next[message] = none
    columns.ordinals[message] = this.count++
    this.lastMessage = message
    this.#n0 = n0
    this.#bits = bits
    this.#head = null
  }

  /** A block or unblock: the head as it is from now on. */
  setHead(head: DirectHead, previous: number): void {
    if (this.count === 0 && this.#head === null) this.#previous = previous
    this.#head = head
  }

  /** The marks of one side as they are from now on; which one moved. */
  setMarks(side: 0 | 1, marks: MarksRow, read: boolean): void {
    const before = side === 0 ? this.#firstMarks : this.#secondMarks
    const movedRead = read || before?.movedRead === true
    const movedDelivered = !read || before?.movedDelivered === true
    const moved = { marks, movedRead, movedDelivered }
    if (side === 0) this.#firstMarks = moved
    else this.#secondMarks = moved
  }

  writeBlock(append: (block: Buffer) => number, columns: MessageColumns): void {
    if (this.count === 0) return
    for (let message = this.firstMessage; message !== none; message = columns.next[message] as number) {
      blockWriter.add(
        columns.positions[message] as number,
        columns.times[message] as number,
        columns.authors[message] as number,
        columns.bytesOf(message),
        columns.starts[message] as number,
        columns.ends[message] as number,
      )
    }
    // Its id does not tell whose conversation it is: without the names a block would be worthless once the rows are lost.
    const pair = this.first === this.second ? [this.first.id] : [this.first.id, this.second.id]
    const block = blockWriter.finish(null, this.firstSeq, this.#n0Before, pair)
    this.#length = block.length
    this.#offset = append(block)
  }

  writeRows(sink: RowSink, file: number, hashSeed: number, columns: MessageColumns): void {
    if (this.#firstMarks !== null) this.#writeMarks(sink, this.first, this.second, this.#firstMarks)
    if (this.#secondMarks !== null) this.#writeMarks(sink, this.second, this.first, this.#secondMarks)
    const head = this.#headNow(columns)
    if (head === null) return
    const { first, second } = this
    this.#putHead(sink, first, second.id, head)
    if (second !== first && this.#previous === 0) this.#putHead(sink, second, first.id, null)
    if (this.count === 0) return
    const run = rows.run.encodeInScratch(this.#run(file, hashSeed, columns))
    sink.put(first.shard, scratchKeys.run(first.prefix, this.id, this.#lastSeq), run)
    this.#move(sink, first, second.id, head, columns)
    if (second !== first) this.#move(sink, second, first.id, head, columns)
  }

  /** Writes marks. Of many in a generation only the last is a row and, of each kind, a change: the others are overtaken. */
  #writeMarks(sink: RowSink, owner: Partition, other: Partition, moved: MovedMarks): void {
    const { marks, movedRead, movedDelivered } = moved
    owner.putMarks(sink, this.id, marks)
    const user = owner.id
    if (movedRead)
      addChange({ position: marks.readAt, kind: 'read', conversation: this.id, user }, owner, other)
    if (movedDelivered)
      addChange({ position: marks.deliveredAt, kind: 'delivered', conversation: this.id, user }, owner, other)
  }

  #putHead(sink: RowSink, { prefix, shard }: Partition, peer: string, head: DirectHead | null): void {
    sink.put(shard, scratchKeys.head(prefix, this.id), rows.directHead.encodeInScratch({ peer, head }))
  }

  /** In a participant's list, from where it stood to where its last message puts it. */
  #move(
    sink: RowSink,
    { prefix, shard }: Partition,
    peer: string,
    head: DirectHead,
    columns: MessageColumns,
  ): void {
    if (this.#previous > 0) sink.del(shard, scratchKeys.recent(prefix, this.#previous, this.id))
    const position = columns.positions[this.lastMessage] as number
    sink.put(shard, scratchKeys.recent(prefix, position, this.id), this.#listRow(peer, head, columns))
  }

  #listRow(peer: string, head: DirectHead, columns: MessageColumns): Buffer {
    const last = this.lastMessage
    const start = columns.starts[last] as number
    const end = columns.ends[last] as number
    return rows.directList.encodeInScratch({
      peer,
      head: head.head,
      n0: head.n0,
      timestamp: columns.times[last] as number,
      second: columns.authors[last] === 1,
      body: end - start > excerptBytes ? null : { bytes: columns.bytesOf(last), start, end },
    })
  }

  get #lastSeq(): number {
    return this.firstSeq + this.count - 1
  }

  /** Null if nothing happened here but marks. */
  #headNow(columns: MessageColumns): DirectHead | null {
    if (this.#head !== null || this.count === 0) return this.#head
    return {
      head: this.#lastSeq,
      n0: this.#n0,
      position: columns.positions[this.lastMessage] as number,
      timestamp: columns.times[this.lastMessage] as number,
      firstBlocked: (this.#bits & flags.firstBlocked) !== 0,
      secondBlocked: (this.#bits & flags.secondBlocked) !== 0,
    }
  }

  #run(file: number, hashSeed: number, columns: MessageColumns) {
    const hashes: number[] = []
    for (let message = this.firstMessage; message !== none; message = columns.next[message] as number) {
      const author = columns.authors[message] === 0 ? this.first : this.second
      const start = columns.starts[message] as number
      const end = columns.ends[message] as number
      hashes.push(idHashOfBody(author.idHash(hashSeed), columns.bytesOf(message), start, end))
    }
    return {
      file,
      offset: this.#offset,
      length: this.#length,
      firstSeq: this.firstSeq,
      count: this.count,
      firstPosition: columns.positions[this.firstMessage] as number,
      lastPosition: columns.positions[this.lastMessage] as number,
      hashes,
    }
  }
}
