import { Worker } from 'node:worker_threads'
import type { FlushRunner } from './flush-runner.js'
import type { RecordRange } from '../fold/sink.js'
import type { Written } from '../shards/shard-writer.js'
import { type SentError, unpackError } from './thread-error.js'
import type { TidyRunner } from './tidy-runner.js'
import type { Merge } from '../tidy/tidy-plan.js'
import type { LocalTuning } from '../tuning.js'

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

/** What is answered carries a number, which comes back with the answer. */
export type ToThread =
  | { readonly call: number; readonly kind: 'flush'; readonly ranges: readonly RecordRange[] }
  | { readonly call: number; readonly kind: 'merge'; readonly merge: Merge }
  | { readonly call: number; readonly kind: 'swap'; readonly file: number }
  | { readonly call: number; readonly kind: 'holdTidy' }
  | { readonly call: number; readonly kind: 'close' }
  | { readonly kind: 'releaseTidy' }
  | { readonly kind: 'hurryTidy'; readonly on: boolean }
  | { readonly kind: 'stopTidy' }

export type FromThread =
  | {
      readonly call: number
      readonly kind: 'done'
      /** Bytes that a merge wrote. */
      readonly bytes: number
      /** To body files, since the thread began. */
      readonly bytesWritten: number
      /** To each shard, since then. */
      readonly written: readonly Written[]
    }
  | { readonly call: number; readonly kind: 'failed'; readonly error: SentError }
  /** Rows of a flush or of a swap were not accepted. */
  | { readonly kind: 'distrusted'; readonly error: SentError }

/**
 * The fold of one generation takes some 30 MiB. A small heap collects often, and only a collection gives the native
 * memory of written batches back.
 */
const heapLimits = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 192 }

/** Where the thread's module lies, unless all modules were made one file. Throws where they do not know their own place. */
const flushWorker = (): URL => new URL('./flush-worker.js', import.meta.url)

/**
 * What has to be there for it. IMPORTANT: the module alone is not enough. A bundler may have put a copy of it beside the
 * bundle, with nothing of what it imports: a thread would be made of that, and end at once.
 */
export function flushWorkerParts(): URL[] {
  const worker = flushWorker()
  return [worker, new URL('./flusher.js', worker)]
}

interface Waiting {
  /** A call of the tidy: no caller waits for it, unless it has been told to hurry or to stop. */
  readonly ofTidy: boolean
  resolve(bytes: number): void
  reject(error: unknown): void
}

/**
 * A flush thread: it shares the LevelDB handles of this process (`multithreading`) and reads the records where the log wrote
 * them, in shared memory. The thread that opened the shards first must close them last, so this one is closed before. The long
 * steps of the tidy are done here as well, beside the flushes. The thread keeps the process alive only while a caller waits for
 * it. If it dies, what it was doing has failed.
 */
export class FlushThread implements FlushRunner, TidyRunner {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #calls = 0
  #tidyIsAwaited = false
  #gone: Error | null = null
  bytesWritten = 0
  written: readonly Written[] = []

  /** `onFailure`: the shards may not be written any more. */
  constructor(data: FlushThreadData, onFailure: (error: Error) => void) {
    this.#worker = new Worker(flushWorker(), {
      workerData: data,
      // Those of the process may be none for a file, as `--input-type`.
      execArgv: [],
      resourceLimits: heapLimits,
    })
    this.#worker.unref()
    this.#worker.on('message', (message: FromThread) => {
      if (message.kind === 'distrusted') {
        onFailure(unpackError(message.error))
        return
      }
      const waiting = this.#settle(message.call)
      if (message.kind === 'done') {
        this.bytesWritten = message.bytesWritten
        this.written = message.written
        waiting?.resolve(message.bytes)
      } else waiting?.reject(unpackError(message.error))
    })
    this.#worker.on('error', (error) => {
      this.#end(error)
    })
    this.#worker.on('exit', () => {
      this.#end(new Error('the flush thread has ended'))
    })
  }

  /** It has died: nothing can be asked of it any more. */
  get isGone(): boolean {
    return this.#gone !== null
  }

  async flush(ranges: readonly RecordRange[], before: Promise<unknown>): Promise<void> {
    await before
    const plain = ranges.map(({ bytes, start, end, firstPosition, count }) => ({
      bytes,
      start,
      end,
      firstPosition,
      count,
    }))
    await this.#ask((call) => ({ call, kind: 'flush', ranges: plain }))
  }

  merge({ inputs, output }: Merge): Promise<number> {
    return this.#ask((call) => ({ call, kind: 'merge', merge: { inputs, output } }), true)
  }

  async swap(file: number): Promise<void> {
    await this.#ask((call) => ({ call, kind: 'swap', file }), true)
  }

  async hold(): Promise<void> {
    // A thread that has died writes nothing.
    await this.#ask((call) => ({ call, kind: 'holdTidy' })).catch(() => undefined)
  }

  release(): void {
    this.#tell({ kind: 'releaseTidy' })
  }

  hurry(on: boolean): void {
    this.#tidyIsAwaited = on
    this.#keepAlive()
    this.#tell({ kind: 'hurryTidy', on })
  }

  stop(): void {
    this.#tidyIsAwaited = true
    this.#keepAlive()
    this.#tell({ kind: 'stopTidy' })
  }

  async close(): Promise<void> {
    if (this.#gone === null) await this.#ask((call) => ({ call, kind: 'close' })).catch(() => undefined)
    await this.#worker.terminate()
  }

  #ask(message: (call: number) => ToThread, ofTidy = false): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== null) {
        reject(this.#gone)
        return
      }
      const call = this.#calls++
      this.#waiting.set(call, { ofTidy, resolve, reject })
      this.#keepAlive()
      this.#tell(message(call))
    })
  }

  #tell(message: ToThread): void {
    this.#worker.postMessage(message)
  }

  #settle(call: number): Waiting | undefined {
    const waiting = this.#waiting.get(call)
    this.#waiting.delete(call)
    this.#keepAlive()
    return waiting
  }

  /** IMPORTANT: a process with nothing else to do would end in the middle of a `close` that waits for the thread. */
  #keepAlive(): void {
    const isAwaited = [...this.#waiting.values()].some(({ ofTidy }) => !ofTidy || this.#tidyIsAwaited)
    if (isAwaited) this.#worker.ref()
    else this.#worker.unref()
  }

  #end(error: Error): void {
    this.#gone ??= error
    for (const call of [...this.#waiting.keys()]) this.#settle(call)?.reject(this.#gone)
  }
}
