/** Chance that can be repeated: the same seed gives the same decisions (mulberry32). */
export class SeededChance {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 0 ≤ n < 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }

  happens(probability: number): boolean {
    return this.next() < probability
  }

  /** An integer with 0 ≤ n < `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end)
  }
}
