/**
 * What a shard asks of a database of the abstract-level family, and no more: classic-level fits as it is, and so does a
 * simulated one. Keys and values are Buffers; keys are ordered by their bytes.
 *
 * It is trusted with little. Written is not durable, `compactRange` resolves even when it failed, values may come back
 * with flipped bits, and after one rejected write nothing that it says later counts (docs/crash-safety.md).
 */
export interface ShardDatabase {
  get(key: Buffer, options: ShardReadOptions): Promise<Buffer | undefined>
  getSync(key: Buffer, options?: ShardReadOptions): Buffer | undefined
  getMany(keys: Buffer[], options: ShardReadOptions): Promise<(Buffer | undefined)[]>
  iterator(options: ShardIteratorOptions): ShardIterator
  /** Synchronous: a moment that stays readable until it is closed. */
  snapshot(): DatabaseSnapshot
  batch(): ShardBatch
  /** Used for what it does besides: memory becomes a table, and the log begins anew (checkpoint-evidence.ts). */
  compactRange(start: Buffer, end: Buffer): Promise<void>
  /** LevelDB's own numbers, by names that begin with `leveldb.`. */
  getProperty(name: string): string
  close(): Promise<void>
}

export interface DatabaseSnapshot {
  close(): Promise<void>
  ref(): void
  unref(): void
}

export interface ShardReadOptions {
  readonly snapshot?: DatabaseSnapshot | undefined
}

export interface ShardIteratorOptions extends ShardReadOptions {
  readonly gte: Buffer
  readonly lt: Buffer
  readonly reverse: boolean
  /** Rows at most; Infinity: all of them. */
  readonly limit: number
  /** Keep what is read in the block cache. */
  readonly fillCache: boolean
  /** One `nextv` reads no further once it has more bytes than this. */
  readonly highWaterMarkBytes: number
}

export interface ShardIterator {
  /** Up to so many rows; none at the end. */
  nextv(size: number): Promise<[Buffer, Buffer][]>
  close(): Promise<void>
}

/** Rows that are written as one, all or none. */
export interface ShardBatch {
  put(key: Buffer, value: Buffer): unknown
  del(key: Buffer): unknown
  write(): Promise<void>
  close(): Promise<void>
}

export interface ShardOpenOptions {
  /** True: it is made unless it is there. False: it must be there. */
  readonly create: boolean
  /** LevelDB keeps up to two of these in memory. */
  readonly writeBufferBytes: number
  readonly blockCacheBytes: number
  readonly compression: boolean
}

/** Opens the database in a directory that exists; rejects with the errors of abstract-level. */
export type ShardOpener = (location: string, options: ShardOpenOptions) => Promise<ShardDatabase>
