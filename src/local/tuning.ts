/** Numbers that nobody who uses the store has to know. Tests make them small, benchmarks compare them. */
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
   * So many conversations, members that their first messages name, and other things than messages close it as well: they are small in
   * the log, and up to 2 KB each while they are flushed.
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
  /**
   * Of a conversation that is put away with up to so many messages the hashes of all keys are kept, of a longer one a filter of
   * them: up to here they take little more room.
   */
  readonly exactIds: number
  /** Lists of so many conversations are copied when they are read: of a shorter one the rows cost hardly more than its copy. */
  readonly copiedFrom: number
  /** None are for so long after a flush: where rows come all the time a copy is old before it is read, and dear. */
  readonly copyRestMs: number
  /** Conversations of a user that somebody looked at and that are kept beside the list, at most. */
  readonly keptAside: number
  /** Members of a large group, or who left a small one, that are kept, about. */
  readonly keptMembers: number
  /** So many body files of one level are merged into one; Infinity: none ever. */
  readonly tidyFiles: number
  /** Nothing larger is merged: a merge needs that much room until it is done. */
  readonly tidyBytes: number
  /** How long after the opening the tidy begins, unless there is a checkpoint before. */
  readonly tidyAfterMs: number
  /** What the tidy rests after each piece of work. */
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
