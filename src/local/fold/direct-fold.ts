import { BlockWriter } from '../../formats/block.js'
import { badBytes } from '../../formats/bytes.js'
import { directImageBytes, readDirectId } from '../../formats/direct-image.js'
import type { StoredChange } from '../../formats/change-list.js'
import { idHash } from '../../formats/id-hash.js'
import { keys } from '../../formats/keys.js'
import { endOfId, readBodyId, readId } from '../../formats/message-body.js'
import type { DirectHead } from '../../formats/record-parts.js'
import { countAt, flags, flagsAt, idsAt, seqAt, timeAt } from '../../formats/records.js'
import { excerptBytes, rows } from '../../formats/rows.js'
import type { ChangeSource, Partition } from './partitions.js'
import type { RowSink } from './sink.js'

const blockWriter = new BlockWriter()

/** What a generation makes of one direct conversation. */
export class DirectFold implements ChangeSource {
  readonly id: string
  readonly #first: Partition
  readonly #second: Partition
  /** Per message: the bytes it lies in; then start, end of the body, position, time and author as numbers. */
  readonly #bytes: Buffer[] = []
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  readonly #positions: number[] = []
  readonly #times: number[] = []
  readonly #authors: number[] = []
  #firstSeq = 0
  #n0Before = 0
  #previous = 0
  #head: DirectHead | null = null
  #offset = 0
  #length = 0

  constructor(id: string, first: Partition, second: Partition) {
    this.id = id
    this.#first = first
    this.#second = second
    first.addSource(this)
    if (second !== first) second.addSource(this)
  }

  /** What tells conversations apart within a generation, cheaply: the bytes of both ids. */
  static pairBytes(bytes: Buffer, start: number, end: number): string {
    const at = start + idsAt
    return bytes.latin1Slice(at, endOfId(bytes, endOfId(bytes, at, end), end))
  }

  /** The same from the ids themselves. */
  static keyOf(first: string, second: string): string {
    const a = Buffer.from(first)
    const b = Buffer.from(second)
    return Buffer.concat([Buffer.of(a.length - 1), a, Buffer.of(b.length - 1), b]).toString('latin1')
  }

  static readPair(bytes: Buffer, start: number): [string, string] {
    const at = start + idsAt
    return [readId(bytes, at), readId(bytes, endOfId(bytes, at, bytes.length))]
  }

  /** The conversation's id, from the image that the first message of a generation carries. */
  static readId(bytes: Buffer, start: number, end: number): string {
    if (((bytes[start + flagsAt] as number) & flags.image) === 0)
      throw badBytes('a conversation begins without its image')
    return readDirectId(bytes, endOfId(bytes, endOfId(bytes, start + idsAt, end), end))
  }

  addMessage(bytes: Buffer, start: number, end: number, position: number): void {
    const bits = bytes[start + flagsAt] as number
    const seq = bytes.readUIntLE(start + seqAt, 6)
    const n0 = bytes.readUIntLE(start + countAt, 6)
    const timestamp = bytes.readUIntLE(start + timeAt, 6)
    const author = (bits & flags.second) === 0 ? 0 : 1
    let body = endOfId(bytes, endOfId(bytes, start + idsAt, end), end)
    if ((bits & flags.image) !== 0) {
      if (this.#head === null) this.#previous = bytes.readUIntLE(body, 6)
      body += directImageBytes
    }
    if (this.#starts.length === 0) {
      this.#firstSeq = seq
      this.#n0Before = n0 - (author === 0 ? 1 : 0)
    }
    this.#bytes.push(bytes)
    this.#starts.push(body)
    this.#ends.push(end)
    this.#positions.push(position)
    this.#times.push(timestamp)
    this.#authors.push(author)
    this.#head = {
      head: seq,
      n0,
      position,
      timestamp,
      firstBlocked: (bits & flags.firstBlocked) !== 0,
      secondBlocked: (bits & flags.secondBlocked) !== 0,
    }
  }

  /** A block or unblock: the head as it is from now on. */
  setHead(head: DirectHead, previous: number): void {
    if (this.#head === null) this.#previous = previous
    this.#head = head
  }

  listChanges(into: StoredChange[]): void {
    for (let i = 0; i < this.#positions.length; i++) {
      const position = this.#positions[i] as number
      into.push({ position, kind: 'message', conversation: this.id, seq: this.#firstSeq + i })
    }
  }

  writeBlock(append: (block: Buffer) => number): void {
    const count = this.#starts.length
    if (count === 0) return
    for (let i = 0; i < count; i++) {
      blockWriter.add(
        this.#positions[i] as number,
        this.#times[i] as number,
        this.#authors[i] as number,
        this.#bytes[i] as Buffer,
        this.#starts[i] as number,
        this.#ends[i] as number,
      )
    }
    // Its id does not tell whose conversation it is: without the names a block would be worthless once the rows are lost.
    const pair = this.#first === this.#second ? [this.#first.id] : [this.#first.id, this.#second.id]
    const block = blockWriter.finish(this.id, this.#firstSeq, this.#n0Before, pair)
    this.#length = block.length
    this.#offset = append(block)
  }

  writeRows(sink: RowSink, file: number, hashSeed: number): void {
    const head = this.#head
    if (head === null) return
    const run = this.#starts.length === 0 ? null : rows.run.encode(this.#run(file, hashSeed))
    this.#side(sink, this.#first, this.#second.id, head, run)
    if (this.#second !== this.#first) this.#side(sink, this.#second, this.#first.id, head, run)
  }

  #side(sink: RowSink, owner: Partition, peer: string, head: DirectHead, run: Buffer | null): void {
    const { row, shard } = owner
    sink.put(shard, keys.head(row, this.id), rows.directHead.encode({ peer, ...head }))
    if (run === null) return
    if (this.#previous > 0) sink.del(shard, keys.recent(row, this.#previous, this.id))
    sink.put(shard, keys.recent(row, this.#positions.at(-1) as number, this.id), this.#listRow(peer, head))
    sink.put(shard, keys.run(row, this.id, this.#firstSeq), run)
  }

  #listRow(peer: string, head: DirectHead): Buffer {
    const last = this.#starts.length - 1
    const start = this.#starts[last] as number
    const end = this.#ends[last] as number
    return rows.directList.encode({
      peer,
      head: head.head,
      n0: head.n0,
      timestamp: this.#times[last] as number,
      second: this.#authors[last] === 1,
      body: end - start > excerptBytes ? null : { bytes: this.#bytes[last] as Buffer, start, end },
    })
  }

  #run(file: number, hashSeed: number) {
    const authors = [this.#first.id, this.#second.id] as const
    return {
      file,
      offset: this.#offset,
      length: this.#length,
      firstSeq: this.#firstSeq,
      count: this.#starts.length,
      firstPosition: this.#positions[0] as number,
      lastPosition: this.#positions.at(-1) as number,
      hashes: this.#starts.map((start, i) =>
        idHash(hashSeed, authors[this.#authors[i] as 0 | 1], readBodyId(this.#bytes[i] as Buffer, start)),
      ),
    }
  }
}
