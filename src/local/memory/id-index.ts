import { grown, none } from './columns.js'

/** Up to this many messages a walk over the hashes is as fast as a table, and much smaller. */
const tableFrom = 48

/** Messages behind one whose run is looked for: a longer walk would be dearer than asking the shard. */
const farBack = 256

const firstCapacity = 4096

/** Of a link: the message is the first one of its run. */
const runBit = 1

/**
 * The hashes of the idempotency keys of all conversations in memory, as cells of two numbers: each conversation has a
 * chain in them, from its newest message back to its first. There are very many of them, and most conversations have
 * few: as arrays of their own they would be a third of all that the garbage collector has to visit. Hash and link lie
 * side by side, since a step along a chain is a miss in the processor's cache.
 */
export class IdHashes {
  /** Of each place the hash, and twice the next older place of the same conversation (of a free one, the next free place). */
  #cells = new Int32Array(2 * firstCapacity)
  /** Places from here on have never been used. */
  #end = 0
  #free = none

  hash(place: number): number {
    return (this.#cells[2 * place] as number) >>> 0
  }

  older(place: number): number {
    return (this.#cells[2 * place + 1] as number) >> 1
  }

  beginsRun(place: number): boolean {
    return ((this.#cells[2 * place + 1] as number) & runBit) !== 0
  }

  /** The message is in one run with the one before. */
  joinRun(place: number): void {
    this.#cells[2 * place + 1] = (this.#cells[2 * place + 1] as number) & ~runBit
  }

  /** Puts a hash in front of a chain; its place is the new beginning of the chain. */
  add(hash: number, older: number, beginsRun: boolean): number {
    let place = this.#free
    if (place !== none) this.#free = this.older(place)
    else {
      place = this.#end++
      if (2 * place === this.#cells.length) this.#cells = grown(this.#cells, new Int32Array(4 * place))
    }
    this.#cells[2 * place] = hash
    this.#cells[2 * place + 1] = older * 2 + (beginsRun ? runBit : 0)
    return place
  }

  /** Gives back the places of a whole chain, from its beginning to its end. */
  release(newest: number, oldest: number): void {
    this.#cells[2 * oldest + 1] = this.#free * 2
    this.#free = newest
  }
}

/**
 * The hashes of one conversation's messages, in the order of their seqs from 1 on. A table from hash to seqs is made
 * only for long conversations.
 */
export class IdIndex {
  readonly #hashes: IdHashes
  #newest = none
  #oldest = none
  #count = 0
  #table: Map<number, number | number[]> | null = null

  constructor(hashes: IdHashes) {
    this.#hashes = hashes
  }

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return 64 + this.#count * (this.#table === null ? 8 : 56)
  }

  /**
   * The next message's; messages are added in the order of their seqs. `beginsRun`: as far as is known it is the first
   * one of its run, which matters to `runEnds` only.
   */
  add(hash: number, beginsRun: boolean): void {
    this.#newest = this.#hashes.add(hash, this.#newest, beginsRun)
    if (this.#count++ === 0) this.#oldest = this.#newest
    if (this.#table !== null) enter(this.#table, hash, this.#count)
    else if (this.#count > tableFrom) this.#table = this.#makeTable()
  }

  /** The seqs with a hash; undefined (and no array) if there are none. */
  find(hash: number): readonly number[] | undefined {
    if (this.#table !== null) {
      const found = this.#table.get(hash)
      return typeof found === 'number' ? [found] : found
    }
    let seqs: number[] | undefined
    let seq = this.#count
    for (let place = this.#newest; place !== none; place = this.#hashes.older(place), seq--)
      if (this.#hashes.hash(place) === hash) (seqs ??= []).push(seq)
    return seqs
  }

  /**
   * Where the run of a message may end, the nearest seq first: that is known as of the flush, and the tidy may have joined
   * several since. Empty if the message is far back.
   */
  runEnds(seq: number): readonly number[] {
    if (this.#count - seq > farBack) return []
    const ends = [this.#count]
    let each = this.#count
    for (let place = this.#newest; each > seq; place = this.#hashes.older(place), each--)
      if (this.#hashes.beginsRun(place)) ends.push(each - 1)
    return ends.reverse()
  }

  /** The messages from `firstSeq` to `lastSeq` are one run. */
  joinRun(firstSeq: number, lastSeq: number): void {
    let each = this.#count
    for (let place = this.#newest; each > firstSeq; place = this.#hashes.older(place), each--)
      if (each <= lastSeq) this.#hashes.joinRun(place)
  }

  /** Nobody may use it any more. */
  release(): void {
    if (this.#newest !== none) this.#hashes.release(this.#newest, this.#oldest)
    this.#newest = this.#oldest = none
    this.#count = 0
    this.#table = null
  }

  #makeTable(): Map<number, number | number[]> {
    const table = new Map<number, number | number[]>()
    let seq = this.#count
    for (let place = this.#newest; place !== none; place = this.#hashes.older(place), seq--)
      enter(table, this.#hashes.hash(place), seq)
    return table
  }
}

function enter(table: Map<number, number | number[]>, hash: number, seq: number): void {
  const found = table.get(hash)
  if (found === undefined) table.set(hash, seq)
  else if (typeof found === 'number') table.set(hash, [found, seq])
  else found.push(seq)
}
