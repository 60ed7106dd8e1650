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

const KiB = 1024
const MiB = 1024 * KiB

/** For shards by themselves; an opened store gives numbers of its own (local/tuning.ts). */
export const shardTuning: ShardTuning = {
  writeBufferBytes: 8 * MiB,
  blockCacheBytes: 2 * MiB,
  compression: true,
  batchBytes: 256 * KiB,
}
