/** Numbers that users of the store need not know. Tests make them small, benchmarks compare them. */
export interface LocalTuning {
  /** Flush on a thread of its own, where the world is the real one. */
  readonly flushThread: boolean
  /** Generations from this size on go there; a smaller one is over before the thread has begun. */
  readonly flushThreadBytes: number
  /** Members above which a group's messages are merged in while reading. A group that grew larger stays so. */
  readonly fanOut: number
  /** Log after which a generation is closed and flushed. */
  readonly generationBytes: number
  /**
   * Conversations, members that their first messages name, and other things than messages, at which a generation is closed as
   * well: they are small in the log, and up to 2 KB each while they are flushed.
   */
  readonly generationObjects: number
  /** A segment of the log ends before the frame that would make it larger. */
  readonly segmentBytes: number
  /** Memory that records are written into, a piece at a time. */
  readonly chunkBytes: number
  /** Flushed log after which a checkpoint is made. */
  readonly checkpointBytes: number
  /** Closed generations that may wait for the flush before the queue stops draining. */
  readonly maxWaitingGenerations: number
  /** Bytes that must stay free on the disk: with less, nothing is accepted. */
  readonly spareBytes: number
  /** This and the next three: how LevelDB is used, as `ShardTuning` says. */
  readonly writeBufferBytes: number
  readonly blockCacheBytes: number
  readonly batchBytes: number
  readonly compression: boolean
  /** Small reads are made at once as long as that is fast. Default: where the world is the real one. */
  readonly readsNow: boolean
  /** A parked conversation with up to so many messages keeps all its key hashes, a longer one a filter of them. */
  readonly exactIds: number
  /** Shortest list, in conversations, that is copied when read; the rows of a shorter one cost about as much. */
  readonly copiedFrom: number
  /** Milliseconds after a flush in which no list copies are written: under steady writes a copy is stale before it is read. */
  readonly copyRestMs: number
  /** Most conversations of a user that are kept beside the list, since a reader looked at them without it. */
  readonly keptAside: number
  /** About so many memberships of a large group, or of those who left a small one, are kept. */
  readonly keptMembers: number
  /** Body files of one level that are merged into one; Infinity: no merges. */
  readonly tidyFiles: number
  /** Largest merge: it needs that much room until it is done. */
  readonly tidyBytes: number
  /** Milliseconds from the opening to the first look of the tidy, unless there is a checkpoint before. */
  readonly tidyAfterMs: number
  /** Milliseconds that the tidy rests after each piece of work. */
  readonly tidyRestMs: number
}

const MiB = 1024 * 1024

export const localTuning: LocalTuning = {
  flushThread: true,
  flushThreadBytes: MiB / 2,
  fanOut: 256,
  generationBytes: 8 * MiB,
  generationObjects: 64 * 1024,
  segmentBytes: 64 * MiB,
  chunkBytes: 1 * MiB,
  checkpointBytes: 32 * MiB,
  maxWaitingGenerations: 1,
  spareBytes: 64 * MiB,
  writeBufferBytes: 8 * MiB,
  blockCacheBytes: 2 * MiB,
  batchBytes: MiB / 16,
  compression: true,
  readsNow: true,
  exactIds: 48,
  copiedFrom: 8,
  copyRestMs: 10_000,
  keptAside: 256,
  keptMembers: 1024,
  tidyFiles: 8,
  tidyBytes: 4096 * MiB,
  tidyAfterMs: 30_000,
  tidyRestMs: 20,
}
