import { Worker } from 'node:worker_threads'
import type { FlushRunner } from './flush-runner.js'
import type { RecordRange } from './fold/sink.js'
import { type SentError, unpackError } from './thread-error.js'
import type { LocalTuning } from './tuning.js'

/** What the thread is made with; everything in it can be copied to another thread. */
export interface FlushThreadData {
  readonly shardLocations: readonly string[]
  readonly bodyDirectory: string
  readonly storeId: Uint8Array
  readonly ringSecret: Uint8Array
  readonly virtualNodes: number
  readonly hashSeed: number
  readonly threadPoolSize: number
  readonly tuning: LocalTuning
}

export type ToThread =
  { readonly kind: 'flush'; readonly ranges: readonly RecordRange[] } | { readonly kind: 'close' }

export type FromThread = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly error: SentError }

/**
 * The fold of one generation takes some 30 MiB. A small heap collects often, and only a collection gives the native
 * memory of written batches back.
 */
const heapLimits = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 192 }

interface Waiting {
  resolve(): void
  reject(error: unknown): void
}

/**
 * A flush thread: it shares the LevelDB handles of this process (`multithreading`) and reads the records where the log
 * wrote them, in shared memory. Whoever opened the shards first must close them last, so the thread is closed before.
 * The thread keeps the process alive only while it works. If it dies, what it was doing has failed.
 */
export class FlushThread implements FlushRunner {
  readonly #worker: Worker
  #waiting: Waiting | null = null
  #gone: Error | null = null

  constructor(data: FlushThreadData) {
    this.#worker = new Worker(new URL('./flush-worker.js', import.meta.url), {
      workerData: data,
      resourceLimits: heapLimits,
    })
    this.#worker.unref()
    this.#worker.on('message', (message: FromThread) => {
      if (message.kind === 'done') this.#settle()?.resolve()
      else this.#settle()?.reject(unpackError(message.error))
    })
    this.#worker.on('error', (error) => {
      this.#end(error)
    })
    this.#worker.on('exit', () => {
      this.#end(new Error('the flush thread has ended'))
    })
  }

  async flush(ranges: readonly RecordRange[], before: Promise<unknown>): Promise<void> {
    await before
    await this.#ask({
      kind: 'flush',
      ranges: ranges.map(({ bytes, start, end, firstPosition, count }) => ({
        bytes,
        start,
        end,
        firstPosition,
        count,
      })),
    })
  }

  async close(): Promise<void> {
    if (this.#gone === null) await this.#ask({ kind: 'close' }).catch(() => undefined)
    await this.#worker.terminate()
  }

  #ask(message: ToThread): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== null) {
        reject(this.#gone)
        return
      }
      this.#waiting = { resolve, reject }
      this.#worker.ref()
      this.#worker.postMessage(message)
    })
  }

  #settle(): Waiting | null {
    const waiting = this.#waiting
    this.#waiting = null
    this.#worker.unref()
    return waiting
  }

  #end(error: Error): void {
    this.#gone ??= error
    this.#settle()?.reject(this.#gone)
  }
}
