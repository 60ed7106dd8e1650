import type { StoreStats } from './port.js'

/**
 * What `admin.stats()` says of a store that `openMessageStore` has opened: sums since the opening, and sizes of the moment. The
 * guide lists the same names.
 */
export interface LocalStats extends StoreStats {
  readonly backend: 'local'
  readonly log: LogStats
  /** One for each, in the order of their numbers. */
  readonly shards: readonly ShardStats[]
  /** Memory. A list, a page, a message or an unread total for which something was read from the disk is a miss. */
  readonly cache: {
    readonly bytes: number
    readonly maxBytes: number
    readonly users: number
    readonly conversations: number
    /** Conversations of which only the keys of messages are kept. */
    readonly parked: number
    readonly evictions: number
    readonly hits: number
    readonly misses: number
    readonly loads: number
    /** Reads of the shards. */
    readonly rowReads: number
  }
  /** What was written and is, or was, in memory until it was flushed. */
  readonly generations: {
    readonly live: number
    /** For the flush. */
    readonly waiting: number
    readonly flushes: number
    readonly flushedBytes: number
    readonly checkpoints: number
    readonly lastFlushMs: number
    readonly lastCheckpointMs: number
  }
  /** The log up to this position is needed no more. */
  readonly checkpoint: number
  /** Body files, and their merges. */
  readonly bodies: {
    readonly bytesWritten: number
    readonly merges: number
    readonly mergedFiles: number
    readonly mergedBytes: number
    /** Merges that failed. */
    readonly failures: number
    /** One is under way. */
    readonly merging: boolean
  }
  readonly recovery: RecoveryReport
}

/** The commit log. */
export interface LogStats {
  readonly segments: number
  /** Bytes of all segments, headers included, zeroes ahead not. */
  readonly bytes: number
  /** Acknowledged. */
  readonly records: number
  /** Frames. */
  readonly groups: number
  readonly syncs: number
  /** New segments. */
  readonly rotations: number
  /** Appended and not acknowledged yet. */
  readonly queuedRecords: number
  readonly queuedBytes: number
}

export interface ShardStats {
  readonly shard: number
  /** Table files that no compaction has sorted in yet; LevelDB starts at 4. */
  readonly level0Files: number
  readonly files: number
  readonly fileBytes: number
  /** Memory of LevelDB, as it estimates. */
  readonly memoryBytes: number
  /** Also those that wait for their batch: the copy of a list goes with the next flush. */
  readonly rowsWritten: number
  readonly bytesWritten: number
  readonly batchesWritten: number
}

/** What the opening found. */
export interface RecoveryReport {
  /** The log ended as one that was closed, or is new. */
  readonly cleanShutdown: boolean
  /** Records above the checkpoint. */
  readonly records: number
  readonly lastPosition: number
  /** Segments found, without the one that was begun. */
  readonly segments: number
  /** Bytes that were cut off the end of the last segment as torn; 0 for an end that is whole. */
  readonly tornBytes: number
  /** Where they are kept; null if there are none. */
  readonly tornFile: string | null
}
