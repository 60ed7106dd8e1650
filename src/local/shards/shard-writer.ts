import { Sealer } from '../../formats/sealed-value.js'
import type { CallSlots } from './call-slots.js'
import type { ShardBatch, ShardDatabase } from './shard-database.js'
import type { ShardFailure } from './shard-failure.js'

export interface ShardWriterOptions {
  readonly shard: number
  readonly database: ShardDatabase
  readonly failure: ShardFailure
  readonly slots: CallSlots
  /** A batch is handed over before it grows beyond this; a larger row goes alone. */
  readonly batchBytes: number
}

/** What a writer has written so far: rows, bytes of their keys and values, batches. */
export interface Written {
  readonly rows: number
  readonly bytes: number
  readonly batches: number
}

/** Bytes that LevelDB adds to a row of a batch, roughly. */
const rowOverhead = 8

/**
 * Gathers rows of one shard into batches and writes these one after the other, in the background: when a write is
 * rejected, none behind it has been handed over. Batches are small because they lie in native memory that only garbage
 * collection gives back. What is written is not durable; a checkpoint makes it so.
 *
 * `put`, `putSealed` and `del` are synchronous and throw POISONED after a failure. They never wait: a caller with much to
 * write awaits `drained()` now and then.
 */
export class ShardWriter {
  readonly #options: ShardWriterOptions
  readonly #sealer = new Sealer()
  #open: ShardBatch | null = null
  #openBytes = 0
  /** The rows being handed over belong together. */
  #undivided = false
  readonly #queue: ShardBatch[] = []
  #writing = false
  #held = false
  #waiters: {
    readonly atMost: number
    readonly resolve: () => void
    readonly reject: (error: unknown) => void
  }[] = []
  #rows = 0
  #bytes = 0
  #batches = 0

  constructor(options: ShardWriterOptions) {
    this.#options = options
    options.failure.watch(() => {
      this.#drop()
      this.#wake()
    })
  }

  get written(): Written {
    return { rows: this.#rows, bytes: this.#bytes, batches: this.#batches }
  }

  /** Batches that wait or are being written; not the one that is gathering. */
  get pending(): number {
    return this.#queue.length + (this.#writing ? 1 : 0)
  }

  /** Seals the payload. The buffers may be used again after the call: a batch copies what it is given. */
  put(key: Buffer, payload: Uint8Array): void {
    this.putSealed(key, this.#sealer.seal(key, payload))
  }

  /** For a value that is sealed already. */
  putSealed(key: Buffer, value: Buffer): void {
    this.#room(key.byteLength + value.byteLength + rowOverhead).put(key, value)
  }

  del(key: Buffer): void {
    this.#room(key.byteLength + rowOverhead).del(key)
  }

  /** Puts a row and deletes others in one batch, however large: all of it is there after a crash, or nothing. */
  swap(key: Buffer, payload: Uint8Array, gone: readonly Buffer[]): void {
    let bytes = key.byteLength + payload.byteLength + rowOverhead
    for (const one of gone) bytes += one.byteLength + rowOverhead
    if (this.#openBytes + bytes > this.#options.batchBytes) this.#handOver()
    this.#undivided = true
    try {
      this.put(key, payload)
      for (const one of gone) this.del(one)
    } finally {
      this.#undivided = false
    }
  }

  /** Hands the open batch over; resolves when all rows so far have been accepted. Rejects with POISONED. */
  flush(): Promise<void> {
    this.#handOver()
    return this.#until(0)
  }

  /** Resolves when at most one batch waits or is being written. Rejects with POISONED. */
  drained(): Promise<void> {
    return this.#until(1)
  }

  /** Throws POISONED after a failure, as `put` would. */
  throwIfFailed(): void {
    this.#options.failure.throwIfFailed()
  }

  /** No batch is started until `resume`: LevelDB's compaction for a checkpoint takes the longer the more is written. */
  hold(): void {
    this.#held = true
  }

  resume(): void {
    this.#held = false
    this.#pump()
  }

  /** Waits for the write under way and drops everything behind it: it is in the log. */
  async close(): Promise<void> {
    this.#held = true
    this.#drop()
    await this.#until(0).catch(() => undefined)
  }

  #room(bytes: number): ShardBatch {
    this.#options.failure.throwIfFailed()
    if (!this.#undivided && this.#openBytes + bytes > this.#options.batchBytes) this.#handOver()
    this.#openBytes += bytes
    this.#bytes += bytes - rowOverhead
    this.#rows++
    return (this.#open ??= this.#options.database.batch())
  }

  #handOver(): void {
    if (this.#open === null) return
    this.#queue.push(this.#open)
    this.#open = null
    this.#openBytes = 0
    this.#pump()
  }

  #pump(): void {
    if (this.#writing || this.#held || this.#options.failure.error !== null) return
    const batch = this.#queue.shift()
    if (batch === undefined) return
    this.#writing = true
    this.#options.slots
      .run(() => this.#write(batch))
      .then(
        () => {
          this.#writing = false
          this.#batches++
          this.#wake()
          this.#pump()
        },
        () => {
          this.#writing = false
          this.#wake()
        },
      )
  }

  /**
   * IMPORTANT: the failure is known before the slot is free again, so that no batch of another shard, which waited for it,
   * is handed over behind it.
   */
  async #write(batch: ShardBatch): Promise<void> {
    this.#options.failure.throwIfFailed()
    try {
      await batch.write()
    } catch (error) {
      throw this.#options.failure.fail(this.#options.shard, 'writing to', error)
    }
  }

  #drop(): void {
    if (this.#open !== null) this.#queue.push(this.#open)
    this.#open = null
    this.#openBytes = 0
    for (const batch of this.#queue.splice(0)) void batch.close()
  }

  #until(atMost: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ atMost, resolve, reject })
      this.#wake()
    })
  }

  #wake(): void {
    const { error } = this.#options.failure
    this.#waiters = this.#waiters.filter((waiter) => {
      // After a failure the write under way is awaited all the same: nothing may run on behind a rejection.
      if (this.pending > (error === null ? waiter.atMost : 0)) return true
      if (error === null) waiter.resolve()
      else waiter.reject(error)
      return false
    })
  }
}
