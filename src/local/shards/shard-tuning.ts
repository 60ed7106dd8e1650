/** How LevelDB is used; it may differ from one opening to the next. */
export interface ShardTuning {
  /** Per shard, and LevelDB keeps up to two of them in memory. */
  readonly writeBufferBytes: number
  /** Per shard: uncompressed blocks. The store has a cache of its own above it. */
  readonly blockCacheBytes: number
  /** Snappy. */
  readonly compression: boolean
  /** Rows written at once. They lie in native memory until the next garbage collection. */
  readonly batchBytes: number
}
