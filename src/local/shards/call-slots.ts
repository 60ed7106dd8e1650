/**
 * Lets at most `limit` slow calls run at a time. A LevelDB call that waits for compaction keeps a thread of libuv's pool; as
 * many of them as there are threads, and the log waits with them (measured: 1.5 s instead of 5 ms).
 */
export class CallSlots {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(limit: number) {
    this.#free = limit
  }

  /** For a pool of so many threads: two of them stay free, or as many as there are besides one. */
  static inPoolOf(threads: number): CallSlots {
    return new CallSlots(Math.max(1, threads - 2))
  }

  /** First come, first served. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await call()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }
}
