import { grown, none } from './columns.js'

/** Up to this many messages a walk over the hashes is as fast as a table, and much smaller. */
const tableFrom = 48

const firstCapacity = 4096

/**
 * The hashes of the idempotency keys of all conversations in memory, as columns of numbers: each conversation has a
 * chain in them, from its newest message back to its first. There are very many of them, and most conversations have
 * few: as arrays of their own they would be a third of all that the garbage collector has to visit.
 */
export class IdHashes {
  #hashes = new Uint32Array(firstCapacity)
  /** The next older one of the same conversation; of a free place, the next free one. */
  #older = new Int32Array(firstCapacity)
  /** Places from here on have never been used. */
  #end = 0
  #free = none

  hash(place: number): number {
    return this.#hashes[place] as number
  }

  older(place: number): number {
    return this.#older[place] as number
  }

  /** Puts a hash in front of a chain; its place is the new beginning of the chain. */
  add(hash: number, older: number): number {
    let place = this.#free
    if (place !== none) this.#free = this.#older[place] as number
    else {
      place = this.#end++
      if (place === this.#hashes.length) this.#grow()
    }
    this.#hashes[place] = hash
    this.#older[place] = older
    return place
  }

  /** Gives back the places of a whole chain, from its beginning to its end. */
  release(newest: number, oldest: number): void {
    this.#older[oldest] = this.#free
    this.#free = newest
  }

  #grow(): void {
    const room = this.#hashes.length * 2
    this.#hashes = grown(this.#hashes, new Uint32Array(room))
    this.#older = grown(this.#older, new Int32Array(room))
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

  /** The next message's; messages are added in the order of their seqs. */
  add(hash: number): void {
    this.#newest = this.#hashes.add(hash, this.#newest)
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
