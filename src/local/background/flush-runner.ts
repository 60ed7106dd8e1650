import type { Clock } from '../../platform/clock.js'
import { flushRecords, type FlushParts } from './flusher.js'
import type { RecordRange } from '../fold/sink.js'

/** Where generations are flushed: on this thread, or on one of its own. The code that does it is the same. */
export interface FlushRunner {
  /**
   * `before` is the flush of the generation before: nothing is written before it has resolved, nothing at all once it has
   * rejected. On a thread of its own one call at a time. The bytes of the ranges stay untouched until the call has settled.
   */
  flush(ranges: readonly RecordRange[], before: Promise<unknown>): Promise<void>
  /** Lets what is under way end first. */
  close(): Promise<void>
}

/** The flush as the rest of the store sees it: generations in the order of the calls. */
export class OrderedFlush {
  readonly #runner: FlushRunner
  #last: Promise<void>

  /** Nothing is written before `allowed` has resolved. */
  constructor(runner: FlushRunner, allowed: Promise<void>) {
    this.#runner = runner
    this.#last = allowed
  }

  flush(ranges: readonly RecordRange[]): Promise<void> {
    const flushed = this.#runner.flush(ranges, this.#last)
    // The caller hears of a failure, and so does the next one.
    flushed.catch(() => undefined)
    this.#last = flushed
    return flushed
  }
}

/**
 * Small generations on the calling thread, large ones on a thread that is made for the first of them. While the store is being
 * opened all of them stay here: no call needs this thread yet, and the other one would begin cold.
 */
export class AdaptiveFlushRunner<Thread extends FlushRunner> implements FlushRunner {
  readonly #inline: FlushRunner
  readonly #makeThread: () => Thread
  readonly #threadFromBytes: number
  #thread: Thread | null = null
  #isOpening = true

  constructor(inline: FlushRunner, makeThread: () => Thread, threadFromBytes: number) {
    this.#inline = inline
    this.#makeThread = makeThread
    this.#threadFromBytes = threadFromBytes
  }

  flush(ranges: readonly RecordRange[], before: Promise<unknown>): Promise<void> {
    const bytes = ranges.reduce((sum, { start, end }) => sum + end - start, 0)
    if (this.#isOpening || bytes < this.#threadFromBytes) return this.#inline.flush(ranges, before)
    this.#thread ??= this.#makeThread()
    return this.#thread.flush(ranges, before)
  }

  /** For what else it can do. */
  get thread(): Thread | null {
    return this.#thread
  }

  /** From now on the calling thread is everybody's. */
  opened(): void {
    this.#isOpening = false
  }

  async close(): Promise<void> {
    await this.#thread?.close()
    await this.#inline.close()
  }
}

/** Flushes on the calling thread, in slices: for simulations, and for worlds that cannot be sent to a worker. */
export class InlineFlushRunner implements FlushRunner {
  readonly #parts: FlushParts
  readonly #clock: Clock
  readonly #underWay = new Set<Promise<void>>()

  constructor(parts: FlushParts, clock: Clock) {
    this.#parts = parts
    this.#clock = clock
  }

  flush(ranges: readonly RecordRange[], before: Promise<unknown>): Promise<void> {
    const pause = (): Promise<void> => this.#clock.yield()
    const flushed = flushRecords(this.#parts, ranges, { before, pause })
    this.#underWay.add(flushed)
    return flushed.finally(() => this.#underWay.delete(flushed))
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }
}
