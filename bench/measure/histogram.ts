/**
 * Latencies in buckets that grow by 1/32: any percentile within about 3 %, in a few kilobytes whatever the number of
 * values. Values are milliseconds, kept from 1 µs upward.
 */
const STEPS_PER_DOUBLING = 32
const DOUBLINGS = 28
const SMALLEST_MS = 0.001

export class Histogram {
  readonly #counts = new Uint32Array(STEPS_PER_DOUBLING * DOUBLINGS)
  #count = 0
  #max = 0

  record(ms: number): void {
    const step = ms <= SMALLEST_MS ? 0 : Math.floor(Math.log2(ms / SMALLEST_MS) * STEPS_PER_DOUBLING)
    const bucket = Math.min(this.#counts.length - 1, step)
    this.#counts[bucket] = this.#counts[bucket]! + 1
    this.#count++
    if (ms > this.#max) this.#max = ms
  }

  get count(): number {
    return this.#count
  }

  get maxMs(): number {
    return this.#max
  }

  /** The upper edge of the bucket in which the given share (0 to 1) of all values is reached. */
  percentileMs(share: number): number {
    const target = Math.ceil(this.#count * share)
    let seen = 0
    for (const [bucket, count] of this.#counts.entries()) {
      seen += count
      if (seen >= target && count > 0) {
        return Math.min(this.#max, SMALLEST_MS * 2 ** ((bucket + 1) / STEPS_PER_DOUBLING))
      }
    }
    return 0
  }

  /** The percentiles that the reports show, named with the given prefix. */
  summary(prefix = ''): Record<string, number> {
    return {
      [`${prefix}p50Ms`]: this.percentileMs(0.5),
      [`${prefix}p99Ms`]: this.percentileMs(0.99),
      [`${prefix}p999Ms`]: this.percentileMs(0.999),
      [`${prefix}maxMs`]: this.#max,
    }
  }
}
