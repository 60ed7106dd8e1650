import { join } from 'node:path'
import type { ShardStats } from '../../backend/local-stats.js'
import type { MaybePromise } from '../../backend/port.js'
import { openValue } from '../../formats/sealed-value.js'
import type { Clock } from '../../platform/clock.js'
import type { FileSystem } from '../../platform/file-system.js'
import type { ReadPace } from '../../platform/read-pace.js'
import { readError } from '../../platform/system-errors.js'
import type { CallSlots } from './call-slots.js'
import { flushWithEvidence } from './checkpoint-evidence.js'
import { fromLevel } from './level-error.js'
import { openTables, type OpenTable } from './level-tables.js'
import type { DatabaseSnapshot, ShardDatabase } from './shard-database.js'
import type { ShardFailure } from './shard-failure.js'
import { ShardWriter, type Written } from './shard-writer.js'

export interface ShardOptions {
  readonly index: number
  readonly directory: string
  readonly database: ShardDatabase
  readonly fileSystem: FileSystem
  readonly clock: Clock
  readonly slots: CallSlots
  readonly failure: ShardFailure
  readonly pace?: ReadPace | undefined
  readonly batchBytes: number
}

/** A moment of one shard that stays readable. Close it: LevelDB keeps what it shows until then. */
export interface ShardSnapshot {
  readonly database: DatabaseSnapshot
  /** Reads under way end first. */
  close(): void
}

export interface ShardRange {
  readonly gte: Buffer
  readonly lt: Buffer
  /** Descending. */
  readonly reverse?: boolean
  readonly snapshot?: ShardSnapshot | undefined
}

/** A key and its payload: the value without its seal. */
export type ShardRow = readonly [key: Buffer, payload: Buffer]

/** Batches that may wait while rows are written that can be done without. */
const mostBeforeKept = 2

/** Rows that a scan has in memory at a time. */
const scanRows = 1000
const readAheadBytes = 256 * 1024

/**
 * One shard: a database, its writer and its reads. Reads check the seal of every value and give payloads; they reject with
 * CORRUPT (shard and family, never the key). A single read sees one moment; several see one only with a snapshot.
 */
export class Shard {
  readonly index: number
  readonly directory: string
  readonly writer: ShardWriter
  readonly #options: ShardOptions
  readonly #database: ShardDatabase

  constructor(options: ShardOptions) {
    this.index = options.index
    this.directory = options.directory
    this.#options = options
    this.#database = options.database
    this.writer = new ShardWriter({ ...options, shard: options.index })
  }

  /** Synchronous: what is read through it later is as it was in this very step. */
  snapshot(): ShardSnapshot {
    try {
      const database = this.#database.snapshot()
      return { database, close: () => void database.close() }
    } catch (error) {
      return this.#refuse(error)
    }
  }

  /** Undefined where nothing is. */
  get(key: Buffer, snapshot?: ShardSnapshot): Promise<Buffer | undefined> {
    return this.#database.get(key, { snapshot: snapshot?.database }).then(
      (stored) => (stored === undefined ? undefined : openValue(key, stored, this.index)),
      (error: unknown) => this.#refuse(error),
    )
  }

  /** Like `get`, without a thread: fast for what is in memory, and the whole process waits where it is not. */
  getSync(key: Buffer, snapshot?: ShardSnapshot): Buffer | undefined {
    try {
      // Without options it has less to do.
      const options = snapshot === undefined ? undefined : { snapshot: snapshot.database }
      const stored = this.#database.getSync(key, options)
      return stored === undefined ? undefined : openValue(key, stored, this.index)
    } catch (error) {
      return this.#refuse(error)
    }
  }

  /**
   * What a reader that begins to read at once has to wait for: the next turn of the event loop, if this one has had enough of
   * that.
   */
  get turn(): Promise<void> | null {
    return this.#options.pace?.turn() ?? null
  }

  /** At once where that is fast, else as `get`. The key may be reused when this has returned. */
  read(key: Buffer): MaybePromise<Buffer | undefined> {
    const { turn } = this
    if (turn === null) return this.readNow(key, () => this.get(Buffer.from(key)))
    const kept = Buffer.from(key)
    return turn.then(() => this.read(kept))
  }

  /** At once where that is fast, else what `otherwise` says. */
  readNow<T>(key: Buffer, otherwise: () => T): Buffer | undefined | T {
    const begun = this.#options.pace?.begin() ?? null
    if (begun === null) return otherwise()
    try {
      return this.getSync(key)
    } finally {
      this.#options.pace?.end(begun)
    }
  }

  /** In the order of the keys. */
  async getMany(keys: readonly Buffer[], snapshot?: ShardSnapshot): Promise<(Buffer | undefined)[]> {
    try {
      const stored = await this.#database.getMany([...keys], { snapshot: snapshot?.database })
      return stored.map((value, at) =>
        value === undefined ? undefined : openValue(keys[at]!, value, this.index),
      )
    } catch (error) {
      return this.#refuse(error)
    }
  }

  /** Writes a row that can be done without, unless much waits to be written. Throws POISONED as the writer does. */
  keep(key: Buffer, payload: Uint8Array): void {
    if (this.writer.pending <= mostBeforeKept) this.writer.put(key, payload)
  }

  /** Up to `limit` rows of a range. */
  async rows(range: ShardRange, limit: number): Promise<ShardRow[]> {
    const rows: ShardRow[] = []
    try {
      const iterator = this.#iterator(range, limit, true)
      try {
        for (;;) {
          const size = Math.min(limit - rows.length, scanRows)
          const chunk = await iterator.nextv(size)
          for (const [key, stored] of chunk) rows.push([key, openValue(key, stored, this.index)])
          // Where all of them fit, nobody waits for a second answer that says so.
          if (rows.length >= limit || chunk.length === 0) return rows
        }
      } finally {
        // Nobody waits for the end of a read: it is over, and there is nothing to do about one that cannot be closed.
        iterator.close().catch(() => undefined)
      }
    } catch (error) {
      return this.#refuse(error)
    }
  }

  /**
   * All rows of a range, however many, in chunks and past LevelDB's cache. `onDamage` may take a damaged value over instead
   * of the rejection.
   */
  async *scan(
    range: ShardRange,
    onDamage?: (key: Buffer, error: unknown) => void,
  ): AsyncGenerator<ShardRow, void> {
    for await (const chunk of this.#chunks(range)) {
      for (const [key, stored] of chunk) {
        let payload: Buffer
        try {
          payload = openValue(key, stored, this.index)
        } catch (error) {
          if (onDamage === undefined) throw error
          onDamage(key, error)
          continue
        }
        yield [key, payload]
      }
    }
  }

  /** Writes `row` under `key` after everything else and makes all of it durable. Rejects with POISONED. */
  async checkpoint(key: Buffer, row: Buffer): Promise<void> {
    const { failure, index } = this.#options
    this.writer.putSealed(key, row)
    await this.writer.flush()
    this.writer.hold()
    try {
      await flushWithEvidence(this.#options)
    } catch (error) {
      throw failure.fail(index, 'the checkpoint of', error)
    } finally {
      this.writer.resume()
    }
    failure.throwIfFailed()
  }

  /** The files that LevelDB reads rows from, each open as long as one looks at it. */
  tables(): AsyncGenerator<OpenTable, void> {
    const { fileSystem, directory, index } = this.#options
    return openTables(fileSystem, directory, index, this.#property('sstables'))
  }

  async stats(): Promise<ShardStats> {
    const { fileSystem, directory, index } = this.#options
    const level0Files = Number(this.#property('num-files-at-level0'))
    const memoryBytes = Number(this.#property('approximate-memory-usage'))
    const sizes = await sizesIn(fileSystem, directory).catch((error: unknown) => {
      throw readError(error, `the directory of shard ${index}`, { shard: index, file: directory })
    })
    const { rows, bytes, batches } = this.writer.written
    return {
      shard: index,
      level0Files,
      files: sizes.length,
      fileBytes: sizes.reduce((sum, size) => sum + size, 0),
      memoryBytes,
      rowsWritten: rows,
      bytesWritten: bytes,
      batchesWritten: batches,
    }
  }

  async close(): Promise<void> {
    await this.writer.close()
    await this.#database.close()
  }

  async *#chunks(range: ShardRange): AsyncGenerator<[Buffer, Buffer][], void> {
    try {
      const iterator = this.#iterator(range, Infinity, false)
      try {
        for (;;) {
          const chunk = await iterator.nextv(scanRows)
          if (chunk.length === 0) return
          yield chunk
        }
      } finally {
        await iterator.close()
      }
    } catch (error) {
      this.#refuse(error)
    }
  }

  #iterator({ gte, lt, reverse = false, snapshot }: ShardRange, limit: number, fillCache: boolean) {
    return this.#database.iterator({
      gte,
      lt,
      reverse,
      limit,
      fillCache,
      snapshot: snapshot?.database,
      highWaterMarkBytes: readAheadBytes,
    })
  }

  #property(name: string): string {
    try {
      return this.#database.getProperty(`leveldb.${name}`)
    } catch (error) {
      return this.#refuse(error)
    }
  }

  #refuse(error: unknown): never {
    throw fromLevel(error, this.index)
  }
}

async function sizesIn(fileSystem: FileSystem, directory: string): Promise<number[]> {
  const names = await fileSystem.list(directory)
  return Promise.all(names.map(async (name) => (await fileSystem.stat(join(directory, name)))?.size ?? 0))
}

/** Adds what the flush thread has written through handles of its own. */
export function withWritten(stats: readonly ShardStats[], written: readonly Written[]): ShardStats[] {
  return stats.map((one, i) => ({
    ...one,
    rowsWritten: one.rowsWritten + (written[i]?.rows ?? 0),
    bytesWritten: one.bytesWritten + (written[i]?.bytes ?? 0),
    batchesWritten: one.batchesWritten + (written[i]?.batches ?? 0),
  }))
}
