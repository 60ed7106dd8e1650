/**
 * Where the fold puts its rows. Values are not sealed yet. Nothing is read. Keys and values are used again after the call: a
 * sink that keeps them copies them.
 */
export interface RowSink {
  put(shard: number, key: Buffer, value: Buffer): void
  del(shard: number, key: Buffer): void
}

/** Consecutive records as they lie in a frame: each a u32 LE length and its bytes. */
export interface RecordRange {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  readonly firstPosition: number
  readonly count: number
}
