import { grown, none } from '../columns.js'
import { capacityFor, HashFilter } from './hash-filter.js'

/** Hashes in a block. With the word in front of them it is half a line of the processor's cache. */
const perBlock = 7
const blockWords = 1 + perBlock
const blockBytes = 4 * blockWords

/** Up to this many messages a walk over the hashes takes no longer than a look into a filter of their own. */
const filterFrom = 112

/** What stays of an index when its conversation is put away: the hashes of all messages, or a filter of them. */
export type IdSummary = Int32Array | HashFilter

/** Messages behind one whose run is looked for: a longer walk would be dearer than asking the shard. */
const farBack = 256

/** So many messages of a chain are a part, of which a filter says whether one with some hash may be there. */
const perPart = 219 * perBlock
/** Such a filter is small, and takes one stranger of 45 for a known one: then this part is walked over in vain. */
const partCapacity = 1024
/** What stands for a part besides. */
const partBytes = 64
/** A repeat has so many of them made at most, each of which takes about a tenth of a millisecond. */
const partsPerRepeat = 1

const firstCapacity = 1024
/** What is left of a word beside the bits, as a number with a sign: 512 MiB of blocks. */
const mostBlocks = 2 ** (31 - perBlock)

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
  #used = 0
  readonly #most: number

  constructor(most: number = mostBlocks) {
    this.#most = most
  }

  /** There is room for the chains that are here to grow, and for no others. */
  get isFull(): boolean {
    return this.#used >= this.#most / 2
  }

  /** The hash at a place of a block. */
  at(block: number, place: number): number {
    return (this.#words[blockWords * block + 1 + place] as number) >>> 0
  }

  /**
   * Walks back from `block`, whose last hash is that of message `last`, to the message after `end`. Returns the newest one up to
   * `upTo` that has this hash; 0 if there is none. `last` and `end` are numbers within the chain.
   */
  findBack(block: number, last: number, end: number, upTo: number, hash: number): number {
    const words = this.#words
    const wanted = hash | 0
    let filled = ((last - 1) % perBlock) + 1
    for (let before = last - filled; before >= end; before -= perBlock) {
      const first = blockWords * block
      for (let place = Math.min(filled, upTo - before); place > 0; place--)
        if (words[first + place] === wanted) return before + place
      block = (words[first] as number) >> perBlock
      filled = perBlock
    }
    return 0
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

  /** Room for one more block. Throws where there is none, and changes nothing then. */
  reserve(): void {
    if (this.#used === this.#most) throw new RangeError('more hashes than blocks can be linked')
    const { length } = this.#words
    if (this.#free === none && blockWords * this.#end === length)
      this.#words = grown(this.#words, new Int32Array(2 * length))
  }

  /** An empty block in front of a chain; it is the new beginning of the chain. */
  addBlock(older: number): number {
    this.reserve()
    this.#used++
    let block = this.#free
    if (block === none) block = this.#end++
    else this.#free = this.older(block)
    this.#words[blockWords * block] = older << perBlock
    return block
  }

  /** Gives back a whole chain of so many blocks, from its beginning to its end. */
  release(newest: number, oldest: number, blocks: number): void {
    this.#used -= blocks
    this.#words[blockWords * oldest] = this.#free << perBlock
    this.#free = newest
  }
}

/** Some thousand messages of a chain that follow each other. */
interface Part {
  /** The block of the last of them. */
  readonly newest: number
  filter: HashFilter | null
}

/**
 * The hashes of one conversation's messages, in the order of their seqs: a chain, and in long conversations a filter that says
 * of nearly every new hash that it is new. (A table from hash to seq would take ten times as much memory.) Where old messages are
 * repeated, as by an import that begins anew, filters of the parts of the chain say where not to look for them.
 *
 * Of a long conversation that was put away and brought back the chain begins with what has come since, and a filter is all that
 * is known of the messages before.
 */
export class IdIndex {
  readonly #hashes: IdHashes
  readonly #before: HashFilter | null
  /** Messages that are not in the chain. */
  readonly #first: number
  /** Up to this message it is not known where runs begin. */
  readonly #runsAfter: number
  #newest = none
  #oldest = none
  /** With those before the chain. */
  #count: number
  #filter: HashFilter | null = null
  /** Those that are full, the oldest first. */
  #parts: Part[] | null = null

  /**
   * `known`: the first messages of the conversation, without a gap. Throws where there is no memory for them, and keeps none
   * then.
   */
  constructor(hashes: IdHashes, known: IdSummary | null = null) {
    this.#hashes = hashes
    this.#before = known instanceof HashFilter ? known : null
    this.#count = this.#first = this.#before?.count ?? 0
    if (known instanceof Int32Array) this.#addAll(known)
    this.#runsAfter = this.#count
  }

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    const blocks = Math.ceil(this.#chained / perBlock) * blockBytes
    let bytes = 64 + blocks + (this.#filter?.bytes ?? 0) + (this.#before?.bytes ?? 0)
    for (const { filter } of this.#parts ?? []) bytes += partBytes + (filter?.bytes ?? 0)
    return bytes
  }

  /** Memory for the next message's hash, so that `add` needs none. Throws where there is none, and changes nothing then. */
  reserve(): void {
    if (this.#chained % perBlock === 0) this.#hashes.reserve()
    if (this.#chained >= (this.#filter?.capacity ?? filterFrom))
      this.#filter = this.#addTo(roomFor(this.#chained + 1))
  }

  /**
   * The next message's; messages are added in the order of their seqs. `beginsRun`: as far as is known it is the first
   * one of its run, which matters to `runEnds` only. All of it or, where there is no memory, nothing.
   */
  add(hash: number, beginsRun: boolean): void {
    this.reserve()
    const place = this.#chained % perBlock
    if (place === 0) {
      this.#newest = this.#hashes.addBlock(this.#newest)
      if (this.#chained === 0) this.#oldest = this.#newest
    }
    this.#hashes.set(this.#newest, place, hash, beginsRun)
    this.#count++
    this.#filter?.add(hash)
    if (place === perBlock - 1 && this.#chained % perPart === 0)
      (this.#parts ??= []).push({ newest: this.#newest, filter: null })
  }

  #addAll(known: Int32Array): void {
    try {
      for (const hash of known) this.add(hash, false)
    } catch (error) {
      this.release()
      throw error
    }
  }

  /** How many messages there are before the chain. */
  get before(): number {
    return this.#first
  }

  /** Adds what is in the chain to an index that has all from before. */
  copyChain(to: IdIndex): void {
    const chain: [hash: number, beginsRun: boolean][] = []
    this.#backTo(1, (block, place) => {
      chain.push([this.#hashes.at(block, place), this.#hashes.beginsRun(block, place)])
    })
    for (const [hash, beginsRun] of chain.reverse()) to.add(hash, beginsRun)
  }

  /** One of the messages before the chain may have this hash: the index of all of them has to be made anew. */
  isUnsure(hash: number): boolean {
    return this.#before?.mayHave(hash) === true
  }

  /** The newest message of the chain below `below` with this hash; 0 if there is none. */
  find(hash: number, below = Infinity): number {
    if (this.#filter?.mayHave(hash) === false) return 0
    const parts = this.#parts ?? []
    const upTo = Math.min(below - 1 - this.#first, this.#chained)
    let at = this.#hashes.findBack(this.#newest, this.#chained, parts.length * perPart, upTo, hash)
    for (let i = parts.length - 1; i >= 0 && at === 0; i--) {
      const { newest, filter } = parts[i] as Part
      if (i * perPart >= upTo || filter?.mayHave(hash) === false) continue
      at = this.#hashes.findBack(newest, (i + 1) * perPart, i * perPart, upTo, hash)
    }
    return at === 0 ? 0 : this.#first + at
  }

  /**
   * The message with `seq` has been repeated. Old ones are seldom repeated alone: of the parts that lie before it on the way some
   * get a filter. True if any did.
   */
  repeated(seq: number): boolean {
    const parts = this.#parts ?? []
    let made = 0
    for (let i = parts.length - 1; made < partsPerRepeat && i * perPart >= seq - this.#first; i--) {
      const part = parts[i] as Part
      if (part.filter !== null) continue
      part.filter = this.#filterOf(part)
      if (part.filter === null) break
      made++
    }
    return made > 0
  }

  /**
   * A summary, exact for up to `exactUpTo` messages if possible; null if it would say too little. The index is of no use
   * afterwards.
   */
  toSummary(exactUpTo: number): IdSummary | null {
    if (this.#before !== null) return this.#count > this.#before.capacity ? null : this.#addTo(this.#before)
    return this.#count > exactUpTo ? (this.#filter ?? this.#addTo(roomFor(this.#count))) : this.#exact()
  }

  /**
   * Where the run of a message may end, the nearest seq first: that is known as of the flush, and the tidy may have joined
   * several since. Empty if the message is far back, or if that is not known.
   */
  runEnds(seq: number): readonly number[] {
    if (this.#count - seq > farBack || seq <= this.#runsAfter) return []
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

  /** Gives the room back; the index may not be used any more. */
  release(): void {
    if (this.#newest !== none)
      this.#hashes.release(this.#newest, this.#oldest, Math.ceil(this.#chained / perBlock))
    this.#newest = this.#oldest = none
    this.#count = this.#first
    this.#filter = null
    this.#parts = null
  }

  get #chained(): number {
    return this.#count - this.#first
  }

  /** How much of the newest block is in use. */
  get #filled(): number {
    return this.#chained === 0 ? 0 : ((this.#chained - 1) % perBlock) + 1
  }

  /** Walks from the newest message back to the one with `seq`, or to the first one of the chain. */
  #backTo(seq: number, visit: (block: number, place: number, seq: number) => void): void {
    let each = this.#count
    let place = this.#filled - 1
    for (let block = this.#newest; block !== none && each >= seq; block = this.#hashes.older(block)) {
      for (; place >= 0 && each >= seq; place--, each--) visit(block, place, each)
      place = perBlock - 1
    }
  }

  /** Null where there is no memory for it: nobody needs it. */
  #filterOf({ newest }: Part): HashFilter | null {
    const filter = filterIfRoom()
    if (filter === null) return null
    let block = newest
    for (let left = perPart; left > 0; left -= perBlock) {
      for (let place = 0; place < perBlock; place++) filter.add(this.#hashes.at(block, place))
      block = this.#hashes.older(block)
    }
    return filter
  }

  #exact(): Int32Array {
    const exact = new Int32Array(this.#count)
    this.#backTo(1, (block, place, seq) => {
      exact[seq - 1] = this.#hashes.at(block, place)
    })
    return exact
  }

  #addTo(filter: HashFilter): HashFilter {
    this.#backTo(1, (block, place) => {
      filter.add(this.#hashes.at(block, place))
    })
    return filter
  }
}

function roomFor(count: number): HashFilter {
  return new HashFilter(capacityFor(count))
}

function filterIfRoom(): HashFilter | null {
  try {
    return new HashFilter(partCapacity)
  } catch {
    return null
  }
}
