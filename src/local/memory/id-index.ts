/**
 * The hashes of all idempotency keys of one conversation, with the seqs they belong to: an open-addressing table of
 * pairs in one typed array, 8 bytes a slot, at most half full. Equal hashes stand one behind the other.
 */
export class IdIndex {
  #slots: Int32Array
  #count = 0

  constructor(expected = 4) {
    this.#slots = new Int32Array(2 * roundUp(expected * 2))
  }

  get bytes(): number {
    return this.#slots.byteLength
  }

  /** `seq` must fit 32 bits: a conversation with more messages than that keeps no index. */
  add(hash: number, seq: number): void {
    if ((this.#count + 1) * 4 > this.#slots.length) this.#grow()
    this.#insert(hash, seq)
    this.#count++
  }

  /** Forgets a pair that was added for something that never came to be. */
  remove(hash: number, seq: number): void {
    const kept: [number, number][] = []
    this.#each((h, s) => {
      if (h !== hash || s !== seq) kept.push([h, s])
    })
    this.#slots.fill(0)
    for (const [h, s] of kept) this.#insert(h, s)
    this.#count = kept.length
  }

  /** The seqs under a hash, newest first as far as they were added in order; undefined (no array) if there are none. */
  find(hash: number): number[] | undefined {
    const slots = this.#slots
    const mask = slots.length - 1
    let found: number[] | undefined
    for (let at = (hash << 1) & mask; slots[at + 1] !== 0; at = (at + 2) & mask) {
      if (slots[at] === (hash | 0)) (found ??= []).unshift((slots[at + 1] as number) >>> 0)
    }
    return found
  }

  #insert(hash: number, seq: number): void {
    const slots = this.#slots
    const mask = slots.length - 1
    let at = (hash << 1) & mask
    while (slots[at + 1] !== 0) at = (at + 2) & mask
    slots[at] = hash | 0
    slots[at + 1] = seq | 0
  }

  #grow(): void {
    const old = this.#slots
    this.#slots = new Int32Array(old.length * 2)
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] !== 0) this.#insert(old[at] as number, old[at + 1] as number)
    }
  }

  #each(visit: (hash: number, seq: number) => void): void {
    const slots = this.#slots
    for (let at = 0; at < slots.length; at += 2) {
      if (slots[at + 1] !== 0) visit((slots[at] as number) >>> 0, (slots[at + 1] as number) >>> 0)
    }
  }
}

function roundUp(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(4, count)))
}
