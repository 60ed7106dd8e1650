/** A reproducible source of chance: the same seed gives the same numbers on every machine. */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 0 ≤ x < 1. (mulberry32) */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let x = this.#state
    x = Math.imul(x ^ (x >>> 15), x | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) / 0x1_0000_0000
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** An integer with `from` ≤ x < `to`. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from))
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.between(0, items.length)]
    if (item === undefined) throw new RangeError('nothing to pick from')
    return item
  }

  /** Few are large, most are small: how long people's messages are, and how many friends they have. */
  logNormal(median: number, spread: number): number {
    const angle = 2 * Math.PI * this.next()
    const normal = Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(angle)
    return median * Math.exp(spread * normal)
  }

  /** An integer with 0 ≤ x < `count`; small ones come far more often, as with people who write much. */
  skewed(count: number): number {
    return Math.min(count - 1, Math.floor(count * this.next() ** 2.2))
  }
}
