import type { Clock } from '../../platform/clock.js'
import type { FileSystem } from '../../platform/file-system.js'
import type { Random } from '../../platform/random.js'

export interface CommitLogOptions {
  /** A directory of its own; made if it is not there. */
  readonly directory: string
  readonly fileSystem: FileSystem
  readonly clock: Clock
  readonly random: Random
  /** 16 bytes. */
  readonly storeId: Uint8Array
  /** A segment ends before the frame that would make it larger. */
  readonly segmentBytes: number
  readonly durability: LogDurability
  /**
   * Whether the last close of the log is known to have succeeded. If not, what looks like a closed log may be in the page cache
   * only, and its end is written anew. Default true.
   */
  readonly closeSucceeded?: boolean
  /** Size of the arena chunks that records are written into. At most 16 MiB. */
  readonly chunkBytes: number
  /**
   * Fill the next segment with zeroes while the present one is written, so that an fdatasync of the log changes no
   * metadata and waits for no journal. Default true. Measured on ext4, a write of 4 KB and its fdatasync: 0.14–0.16 ms
   * at the median into zeroes, 0.21–0.23 ms into a growing file; of 30 KB: 0.16–0.18 against 0.29 ms.
   */
  readonly preallocate?: boolean
  /** Called synchronously and in order when a group may be acknowledged. It must not throw: that fails the log. */
  readonly onGroup: (group: DurableGroup) => void
  /** Without one nothing is timed. */
  readonly watcher?: CommitWatcher | undefined
  /** Called once, when a write or sync of the log has failed. Nothing is acknowledged after it. */
  readonly onFailure: (failure: LogFailure) => void
}

export interface LogDurability {
  /** 0: acknowledged after fdatasync; n: synced every n ms; Infinity: left to the system. */
  readonly syncEveryMs: number
}

/** A piece of memory that records lie in. A user of its bytes retains it, and releases it later. */
export interface Chunk {
  /** Over a SharedArrayBuffer, so that a worker thread can read it. */
  readonly bytes: Buffer
  retain(): void
  /** The last release gives the memory back for other records. */
  release(): void
}

/** The records of one frame. They stay where they are until the chunk's holder has released it. */
export interface DurableGroup {
  readonly chunk: Chunk
  /** The record area is [start, end) in `chunk.bytes`: each record is its length as u32 LE, then its bytes. */
  readonly start: number
  readonly end: number
  readonly firstPosition: number
  readonly count: number
}

/** What watches the log. Neither method may throw. */
export interface CommitWatcher {
  /** Milliseconds that never jump. */
  now(): number
  /** Called after each commit, before its callers are told. */
  committed(commit: Commit): void
}

/** What was written in one go, and synced if that is how the log works. */
export interface Commit {
  readonly ms: number
  readonly bytes: number
  readonly records: number
}

export interface LogFailure {
  readonly cause: unknown
  /** What was not acknowledged up to here may be in the log or not; what comes after it was never handed to the disk. */
  readonly unknownThrough: number
}

/** What opening a log is to do with the records above the last checkpoint. */
export interface RecoveredRecords {
  /** Records up to here are needed no more, and neither are segments that hold no other. */
  readonly afterPosition: number
  /** Something else has records up to here: the log must not end earlier. */
  readonly storedThrough?: number
  /**
   * Gets every record above it a first time, in order, before the end of the log is known to be on the disk: nothing of
   * it may be written yet.
   */
  onFound?(group: DurableGroup): void
  /** The end of the log is on the disk. Returns the position after which records are to be handed over (again). */
  onSettled?(): number
  /** Gets every record above it, or above what `onSettled` has said, in order. The next group waits for the promise. */
  onRecovered(group: DurableGroup): Promise<void> | void
}
