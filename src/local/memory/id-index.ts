import { grown, none } from './columns.js'

/** Hashes in a block. With the word in front of them it is half a line of the processor's cache. */
const perBlock = 7
const blockWords = 1 + perBlock
const blockBytes = 4 * blockWords

/** Up to this many messages a walk over the hashes is about as fast as a table, and much smaller. */
const tableFrom = 112
const tableBytes = 48

/** Messages behind one whose run is looked for: a longer walk would be dearer than asking the shard. */
const farBack = 256

const firstCapacity = 1024

/**
 * The hashes of the idempotency keys of all conversations in memory: each conversation has a chain of blocks, from its newest
 * messages back to its first. There are very many of them, and most conversations have few messages: as arrays of
 * their own they would be a third of all that the garbage collector has to visit. A step along a chain is a miss in the
 * processor's cache, so it goes by blocks.
 *
 * The first word of a block is the next older block of the conversation (of a free one, the next free block) above one bit
 * for each of its hashes: whether that message begins a run.
 */
export class IdHashes {
  #words = new Int32Array(blockWords * firstCapacity)
  /** Blocks from here on have never been used. */
  #end = 0
  #free = none

  /** The hash at a place of a block. */
  at(block: number, place: number): number {
    return (this.#words[blockWords * block + 1 + place] as number) >>> 0
  }

  /** The highest place below `filled` of a block that has this hash, or `none`. */
  findBelow(block: number, filled: number, hash: number): number {
    const words = this.#words
    const first = blockWords * block + 1
    const wanted = hash | 0
    for (let place = filled - 1; place >= 0; place--) if (words[first + place] === wanted) return place
    return none
  }

  older(block: number): number {
    return (this.#words[blockWords * block] as number) >> perBlock
  }

  beginsRun(block: number, place: number): boolean {
    return (((this.#words[blockWords * block] as number) >> place) & 1) === 1
  }

  /** The message is in one run with the one before. */
  joinRun(block: number, place: number): void {
    this.#words[blockWords * block] = (this.#words[blockWords * block] as number) & ~(1 << place)
  }

  set(block: number, place: number, hash: number, beginsRun: boolean): void {
    const word = blockWords * block
    this.#words[word + 1 + place] = hash
    if (beginsRun) this.#words[word] = (this.#words[word] as number) | (1 << place)
  }

  /** An empty block in front of a chain; it is the new beginning of the chain. */
  addBlock(older: number): number {
    let block = this.#free
    if (block !== none) this.#free = this.older(block)
    else {
      block = this.#end++
      const { length } = this.#words
      if (blockWords * block === length) this.#words = grown(this.#words, new Int32Array(2 * length))
    }
    this.#words[blockWords * block] = older << perBlock
    return block
  }

  /** Gives back a whole chain, from its beginning to its end. */
  release(newest: number, oldest: number): void {
    this.#words[blockWords * oldest] = this.#free << perBlock
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
    const blocks = Math.ceil(this.#count / perBlock) * blockBytes
    return 64 + blocks + (this.#table === null ? 0 : this.#count * tableBytes)
  }

  /**
   * The next message's; messages are added in the order of their seqs. `beginsRun`: as far as is known it is the first
   * one of its run, which matters to `runEnds` only.
   */
  add(hash: number, beginsRun: boolean): void {
    const place = this.#count % perBlock
    if (place === 0) {
      this.#newest = this.#hashes.addBlock(this.#newest)
      if (this.#count === 0) this.#oldest = this.#newest
    }
    this.#hashes.set(this.#newest, place, hash, beginsRun)
    this.#count++
    if (this.#table !== null) enter(this.#table, hash, this.#count)
    else if (this.#count > tableFrom) this.#table = this.#makeTable()
  }

  /** The seqs with a hash; undefined (and no array) if there are none. */
  find(hash: number): readonly number[] | undefined {
    if (this.#table !== null) {
      const found = this.#table.get(hash)
      return typeof found === 'number' ? [found] : found
    }
    const hashes = this.#hashes
    let seqs: number[] | undefined
    let filled = this.#filled
    /** Messages before those of the block. */
    let before = this.#count - filled
    for (let block = this.#newest; block !== none; block = hashes.older(block)) {
      for (let place = filled; (place = hashes.findBelow(block, place, hash)) !== none;)
        (seqs ??= []).push(before + place + 1)
      filled = perBlock
      before -= perBlock
    }
    return seqs
  }

  /**
   * Where the run of a message may end, the nearest seq first: that is known as of the flush, and the tidy may have joined
   * several since. Empty if the message is far back.
   */
  runEnds(seq: number): readonly number[] {
    if (this.#count - seq > farBack) return []
    const ends = [this.#count]
    this.#backTo(seq + 1, (block, place, each) => {
      if (this.#hashes.beginsRun(block, place)) ends.push(each - 1)
    })
    return ends.reverse()
  }

  /** The messages from `firstSeq` to `lastSeq` are one run. */
  joinRun(firstSeq: number, lastSeq: number): void {
    this.#backTo(firstSeq + 1, (block, place, each) => {
      if (each <= lastSeq) this.#hashes.joinRun(block, place)
    })
  }

  /** Nobody may use it any more. */
  release(): void {
    if (this.#newest !== none) this.#hashes.release(this.#newest, this.#oldest)
    this.#newest = this.#oldest = none
    this.#count = 0
    this.#table = null
  }

  /** How much of the newest block is in use. */
  get #filled(): number {
    return this.#count === 0 ? 0 : ((this.#count - 1) % perBlock) + 1
  }

  /** Walks from the newest message back to the one with `seq`. */
  #backTo(seq: number, visit: (block: number, place: number, seq: number) => void): void {
    let each = this.#count
    let place = this.#filled - 1
    for (let block = this.#newest; block !== none && each >= seq; block = this.#hashes.older(block)) {
      for (; place >= 0 && each >= seq; place--, each--) visit(block, place, each)
      place = perBlock - 1
    }
  }

  #makeTable(): Map<number, number | number[]> {
    const table = new Map<number, number | number[]>()
    this.#backTo(1, (block, place, seq) => enter(table, this.#hashes.at(block, place), seq))
    return table
  }
}

function enter(table: Map<number, number | number[]>, hash: number, seq: number): void {
  const found = table.get(hash)
  if (found === undefined) table.set(hash, seq)
  else if (typeof found === 'number') table.set(hash, [found, seq])
  else found.push(seq)
}
