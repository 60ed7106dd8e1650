import type { SortedRows } from './sorted-rows.js'
import type { Trace } from './traces.js'

/** Each takes a few hundred bytes. */
const mostWaiting = 16_384
/** Looked up at the same time. */
const parallelPuts = 256

/**
 * Traces on their way to the disk. A feed names the same thing in a few bytes again and again, and only where it changed last
 * is of use: of each thing one trace is kept, here and among the rows. Files are read in no order, so an older one may come
 * later.
 */
export class NewestTraces {
  readonly #rows: SortedRows
  /** By key, which says what they are traces of and not where. */
  readonly #waiting = new Map<string, Trace>()

  constructor(rows: SortedRows) {
    this.#rows = rows
  }

  get isFull(): boolean {
    return this.#waiting.size >= mostWaiting
  }

  add(key: Buffer, trace: Trace): void {
    const name = key.latin1Slice()
    if (isNewer(trace, this.#waiting.get(name))) this.#waiting.set(name, trace)
  }

  /** Puts those that are newer than the ones before them. What was put earlier must have settled. */
  async put(): Promise<void> {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (let first = 0; first < waiting.length; first += parallelPuts)
      await Promise.all(waiting.slice(first, first + parallelPuts).map((one) => this.#putNewer(...one)))
  }

  async #putNewer(name: string, trace: Trace): Promise<void> {
    const key = Buffer.from(name, 'latin1')
    const before = await this.#rows.get(key)
    if (isNewer(trace, before === undefined ? undefined : readTrace(before)))
      this.#rows.put(key, Buffer.from(JSON.stringify(trace)))
  }
}

function isNewer(trace: Trace, before: Trace | undefined): boolean {
  return before === undefined || before.position < trace.position
}

export function readTrace(value: Buffer): Trace {
  return JSON.parse(value.toString()) as Trace
}
