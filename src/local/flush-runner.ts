import type { Clock } from '../platform/clock.js'
import { flushRecords, type FlushParts } from './flusher.js'
import type { RecordRange } from './fold/sink.js'

/** Where generations are flushed: on this thread, or on one of its own. The code that does it is the same. */
export interface FlushRunner {
  /** One call at a time. The bytes of the ranges stay untouched until it has settled. */
  flush(ranges: readonly RecordRange[]): Promise<void>
  close(): Promise<void>
}

/** Small generations on the calling thread, large ones on a thread that is made for the first of them. */
export class AdaptiveFlushRunner implements FlushRunner {
  readonly #inline: FlushRunner
  readonly #makeThread: () => FlushRunner
  readonly #threadFromBytes: number
  #thread: FlushRunner | null = null

  constructor(inline: FlushRunner, makeThread: () => FlushRunner, threadFromBytes: number) {
    this.#inline = inline
    this.#makeThread = makeThread
    this.#threadFromBytes = threadFromBytes
  }

  flush(ranges: readonly RecordRange[]): Promise<void> {
    const bytes = ranges.reduce((sum, { start, end }) => sum + end - start, 0)
    if (bytes < this.#threadFromBytes) return this.#inline.flush(ranges)
    return (this.#thread ??= this.#makeThread()).flush(ranges)
  }

  async close(): Promise<void> {
    await this.#thread?.close()
  }
}

/** Flushes on the calling thread, in slices: for simulations, and for worlds that cannot be sent to a worker. */
export class InlineFlushRunner implements FlushRunner {
  readonly #parts: FlushParts
  readonly #clock: Clock

  constructor(parts: FlushParts, clock: Clock) {
    this.#parts = parts
    this.#clock = clock
  }

  flush(ranges: readonly RecordRange[]): Promise<void> {
    return flushRecords(this.#parts, ranges, () => this.#clock.yield())
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
