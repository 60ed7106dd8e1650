/** Up to this many messages a walk over the hashes is as fast as a table, and much smaller. */
const tableFrom = 48

/**
 * The hashes of the idempotency keys of one conversation's messages, in the order of their seqs from 1 on. A table from
 * hash to seqs is made only for long conversations.
 */
export class IdIndex {
  /** At `seq − 1`. */
  readonly #hashes: number[] = []
  #table: Map<number, number | number[]> | null = null

  get count(): number {
    return this.#hashes.length
  }

  get bytes(): number {
    return 64 + this.#hashes.length * (this.#table === null ? 8 : 56)
  }

  /** The next message's; messages are added in the order of their seqs. */
  add(hash: number): void {
    this.#hashes.push(hash)
    if (this.#table !== null) this.#enter(this.#table, hash, this.#hashes.length)
    else if (this.#hashes.length > tableFrom) {
      this.#table = new Map()
      for (let i = 0; i < this.#hashes.length; i++) this.#enter(this.#table, this.#hashes[i] as number, i + 1)
    }
  }

  /** The seqs with a hash; undefined (and no array) if there are none. */
  find(hash: number): readonly number[] | undefined {
    if (this.#table !== null) {
      const found = this.#table.get(hash)
      return typeof found === 'number' ? [found] : found
    }
    let seqs: number[] | undefined
    for (let i = this.#hashes.length - 1; i >= 0; i--) if (this.#hashes[i] === hash) (seqs ??= []).push(i + 1)
    return seqs
  }

  #enter(table: Map<number, number | number[]>, hash: number, seq: number): void {
    const found = table.get(hash)
    if (found === undefined) table.set(hash, seq)
    else if (typeof found === 'number') table.set(hash, [found, seq])
    else found.push(seq)
  }
}
