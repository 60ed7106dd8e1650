import type { LocalStats, RecoveryReport } from '../backend/local-stats.js'
import type { Checkpointer } from './background/checkpointer.js'
import type { AdaptiveFlushRunner } from './background/flush-runner.js'
import type { FlushThread } from './background/flush-thread.js'
import type { Tidier } from './background/tidier.js'
import type { BodyFiles } from './bodies/body-files.js'
import type { CommitLog } from './commit-log/commit-log.js'
import type { Memory } from './memory/memory.js'
import type { RowReader } from './reads/row-reader.js'
import { withWritten } from './shards/shard.js'
import type { ShardSet } from './shards/shard-set.js'
import type { Writer } from './writes/writer.js'

export interface StatsParts {
  readonly writer: Writer
  readonly log: CommitLog
  readonly report: RecoveryReport
  readonly shards: ShardSet
  readonly bodies: BodyFiles
  readonly memory: Memory
  readonly cacheBytes: number
  readonly rows: RowReader
  readonly checkpointer: Checkpointer
  readonly tidier: Tidier
  /** Null where the flush has no thread of its own, whatever its size. */
  readonly threaded: AdaptiveFlushRunner<FlushThread> | null
}

/**
 * What `admin.stats()` says of the local backend: sums since the opening, and how things are now. In the cache a list, a page of
 * messages, a single one or an unread total is a hit if memory had all of it, and a miss if something of it, or of its
 * conversation, was read from a shard or a body file; a total that has to be counted first counts as the pages of the list that it
 * is counted from.
 */
export async function storeStats(parts: StatsParts): Promise<LocalStats> {
  const { writer, log, report, shards, bodies, memory, cacheBytes, rows, checkpointer, tidier, threaded } =
    parts
  return {
    backend: 'local',
    position: memory.generations.shownThrough,
    writes: writer.writes,
    log: { ...log.stats },
    shards: withWritten(await shards.stats(), threaded?.thread?.written ?? []),
    cache: {
      bytes: memory.bytes,
      maxBytes: cacheBytes,
      users: memory.userCount,
      conversations: memory.conversationCount,
      parked: memory.indexes.parkedCount,
      evictions: memory.evictions,
      ...memory.counters,
      rowReads: rows.reads,
    },
    generations: {
      live: memory.generations.live.length,
      waiting: checkpointer.waiting,
      ...checkpointer.stats,
    },
    checkpoint: checkpointer.checkpoint,
    bodies: {
      bytesWritten: bodies.bytesWritten + (threaded?.thread?.bytesWritten ?? 0),
      ...tidier.stats,
      merging: tidier.merging,
    },
    recovery: { ...report },
  }
}
