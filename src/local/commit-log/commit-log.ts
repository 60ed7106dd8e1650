import type { LogStats, RecoveryReport } from '../../backend/local-stats.js'
import { ColumbaError } from '../../errors.js'
import type { ErrorCode } from '../../errors.js'
import { Acknowledgements } from './acknowledgements.js'
import { ChunkPool } from './chunk-pool.js'
import { openLogFiles } from './log-files.js'
import type { LogFiles } from './log-files.js'
import { checkSizes } from './log-sizes.js'
import type { CommitLogOptions, DurableGroup, RecoveredRecords } from './options.js'
import { RecordArena } from './record-arena.js'
import { SyncWaiters } from './sync-waiters.js'

/** Memory that the log keeps for records to come. */
const keptChunkBytes = 8 * 1024 * 1024
/** Groups that wait are written one after the other and synced together up to this size. */
const commitBytes = 4 * 1024 * 1024
/** The log has to be idle for about so long before it says in an idle frame what is synced. */
const idleMs = 10

/**
 * The one log that everything is written to first: records are appended in memory, gather into groups, and each group
 * becomes one frame with one write, which is synced in the same call where that is enough; else one fdatasync covers all
 * that was written since the last one. Positions are 1, 2, 3, … without a gap over segments and reopenings.
 *
 * `reserve`, writing into `bytes`, and `append` belong together in one synchronous stretch. Everything else may be called
 * at any time. One loop does all writing; it sleeps when there is nothing to do.
 *
 * Succeed or fail for good: after a failed write, sync or rotation nothing is written, synced or acknowledged any more,
 * `onFailure` is told once, and only opening the log again finds out what is in it.
 */
export class CommitLog {
  readonly #options: CommitLogOptions
  readonly #files: LogFiles
  readonly #arena: RecordArena
  readonly #syncsEachGroup: boolean
  readonly #waiters = new SyncWaiters()
  readonly #acknowledgements: Acknowledgements
  #synced: number
  /** What was handed to the disk, in whatever state it got there. */
  #handed: number
  #groups = 0
  #syncs = 0
  #paused = false
  #awake = false
  #loop: Promise<void> = Promise.resolve()
  #syncIsDue = false
  #idleFrameIsDue = false
  #cancelSyncTimer: (() => void) | null = null
  #cancelIdleTimer: (() => void) | null = null
  #refusal: ErrorCode | null = null
  #failure: { readonly cause: unknown } | null = null
  #closing: Promise<void> | null = null

  /**
   * Opens the log in the directory, or begins one. Hands every surviving record above the checkpoint to `onRecovered`,
   * settles the end of the log if it was not closed, and begins a new segment.
   * Rejects with CORRUPT, with file and offset, if something durable is damaged or missing; with INCOMPATIBLE for a newer
   * format; with the error of the file system if that fails. Nothing stays open then.
   */
  static async open(
    options: CommitLogOptions,
    recovery: RecoveredRecords,
  ): Promise<{ log: CommitLog; report: RecoveryReport }> {
    checkSizes(options)
    const pool = new ChunkPool(options.chunkBytes, keptChunkBytes)
    const { files, report } = await openLogFiles(options, recovery, pool)
    return { log: new CommitLog(options, files, new RecordArena(pool, report.lastPosition + 1)), report }
  }

  private constructor(options: CommitLogOptions, files: LogFiles, arena: RecordArena) {
    this.#options = options
    this.#files = files
    this.#arena = arena
    this.#syncsEachGroup = options.durability.syncEveryMs === 0
    const last = arena.nextPosition - 1
    this.#acknowledgements = new Acknowledgements(last, options.onGroup)
    this.#synced = last
    this.#handed = last
  }

  // ---- appending

  /**
   * Room for one record of up to `bytes` bytes: the offset in `bytes` where its content begins. Without an `append`
   * the next `reserve` gives the same room again. Throws TOO_LARGE above about 16 MiB, POISONED, and CLOSED.
   */
  reserve(bytes: number): number {
    if (this.#refusal !== null) this.#refuse(this.#refusal)
    return this.#arena.reserve(bytes)
  }

  /** The open chunk; it may be another one after each `reserve`. */
  get bytes(): Buffer {
    return this.#arena.bytes
  }

  /** Closes the reserved record at `end` and returns its position. */
  append(end: number): number {
    const position = this.#arena.append(end)
    if (!this.#awake) this.#wake()
    return position
  }

  /** The position that the next record gets. */
  get nextPosition(): number {
    return this.#arena.nextPosition
  }

  /** Everything up to here has been told of; of the last group perhaps only the beginning, where telling of it has failed. */
  get durablePosition(): number {
    return this.#acknowledgements.through
  }

  /** Everything up to here is on the disk for sure. */
  get syncedPosition(): number {
    return this.#synced
  }

  /** Records that are appended and not acknowledged. */
  get queuedRecords(): number {
    return this.#arena.nextPosition - 1 - this.#acknowledgements.through
  }

  /** The bytes of these records. */
  get queuedBytes(): number {
    return this.#arena.appendedBytes - this.#acknowledgements.bytes
  }

  /** The cause, once a write or sync has failed; null before. */
  get failed(): unknown {
    return this.#failure === null ? null : this.#failure.cause
  }

  get stats(): LogStats {
    return {
      ...this.#files.stats,
      records: this.#acknowledgements.records,
      groups: this.#groups,
      syncs: this.#syncs,
      queuedRecords: this.queuedRecords,
      queuedBytes: this.queuedBytes,
    }
  }

  // ---- steering

  /** Stops draining the queue, except for what `syncThrough` and `close` wait for. */
  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#wakeForWork()
  }

  /**
   * Resolves when everything up to `position` that has been appended is synced, in every durability mode, also while
   * paused. Rejects with POISONED if the log fails or has failed, and with CLOSED after `close`.
   */
  async syncThrough(position: number): Promise<void> {
    const last = Math.min(position, this.#arena.nextPosition - 1)
    if (last <= this.#synced) return
    if (this.#refusal !== null) this.#refuse(this.#refusal)
    const synced = this.#waiters.add(last)
    this.#wakeForWork()
    await synced
  }

  /**
   * Unlinks the segments whose records are all at or below `position`, oldest first, and syncs the directory; the present
   * segment stays. The caller vouches that these records are needed no more. Rejects with the file system's error; calling it
   * again goes on.
   */
  removeThrough(position: number): Promise<void> {
    return this.#files.removeThrough(Math.min(position, this.#synced))
  }

  /**
   * Takes nothing more, writes and acknowledges what waits, marks the log as closed and releases everything. Idempotent.
   * Records up to `checkpoint` are needed no more, which may leave an empty log. A log that has failed, or fails in here, is
   * only released; `onFailure` has told about it. Rejects only if a file cannot be closed.
   */
  close(checkpoint = 0): Promise<void> {
    this.#closing ??= this.#close(checkpoint)
    return this.#closing
  }

  async #close(checkpoint: number): Promise<void> {
    this.#refusal ??= 'CLOSED'
    this.#wakeForWork()
    await this.#loop
    this.#cancelTimers()
    if (this.#failure === null) {
      try {
        await this.#files.markClosed(checkpoint)
        this.#noteSynced()
      } catch (error) {
        this.#fail(error)
      }
    }
    this.#arena.drop()
    await this.#files.release()
  }

  // ---- the loop

  #wakeForWork(): void {
    if (!this.#awake && this.#hasWork) this.#wake()
  }

  #wake(): void {
    this.#awake = true
    this.#loop = this.#run()
  }

  /**
   * Before each commit everything else that is runnable runs first: all sends of one wave gather into one group, also
   * those of callers that the last group has just woken.
   */
  async #run(): Promise<void> {
    try {
      await this.#options.clock.yield()
      while (this.#hasWork) {
        await this.#work()
        await this.#options.clock.yield()
      }
    } catch (error) {
      this.#fail(error)
    }
    this.#awake = false
    this.#watchForIdleness()
  }

  get #hasWork(): boolean {
    if (this.#failure !== null) return false
    if (this.#hasGroups || this.#acknowledgements.isWaiting) return true
    return this.#syncIsDue || this.#waiters.wanted > this.#synced || this.#idleFrameIsDue
  }

  get #hasGroups(): boolean {
    return !this.#arena.isEmpty && this.#arena.firstWaiting <= this.#writableThrough
  }

  get #writableThrough(): number {
    return !this.#paused || this.#refusal !== null ? Infinity : this.#waiters.wanted
  }

  async #work(): Promise<void> {
    if (this.#hasGroups) return this.#commit()
    if (this.#acknowledgements.isWaiting) {
      this.#acknowledgements.tellAll()
      return undefined
    }
    if (this.#waiters.wanted > this.#synced || this.#syncIsDue) return this.#sync()
    this.#idleFrameIsDue = false
    if (this.#files.writer.wantsIdleFrame) await this.#files.writer.writeIdleFrame()
  }

  /** The dangerous path: write, sync, and only then tell. What earlier groups have to be told is told meanwhile. */
  async #commit(): Promise<void> {
    const groups = this.#arena.take(commitBytes, this.#writableThrough)
    const telling = this.#acknowledgements.tellInParts(() => this.#options.clock.yield())
    // It is awaited below, unless the log has failed before.
    telling.catch(() => undefined)
    const began = this.#options.watcher?.now() ?? 0
    try {
      for (const group of groups) {
        await this.#files.makeRoomFor(group)
        this.#handed = group.firstPosition + group.count - 1
        await this.#files.writer.writeGroup(group, this.#syncsEachGroup && groups.length === 1)
        this.#groups += 1
        if (this.#files.writer.isSynced) this.#syncs += 1
        if (!this.#syncsEachGroup) this.#acknowledge([group])
      }
      if (this.#syncsEachGroup) {
        // IMPORTANT: no caller may hear of a group before it is synced, by its own write or by this.
        await this.#syncFile()
        this.#measure(groups, began)
        await telling
        // A waiter for the sync finds everything told.
        this.#acknowledge(groups, this.#waiters.wanted > this.#synced)
        this.#noteSynced()
      } else {
        if (this.#syncIsDue || this.#waiters.wanted > this.#synced) await this.#sync()
        else this.#syncLater()
        this.#measure(groups, began)
      }
    } finally {
      for (const group of groups) group.chunk.release()
    }
  }

  #measure(groups: readonly DurableGroup[], began: number): void {
    const { watcher } = this.#options
    if (watcher === undefined) return
    let bytes = 0
    let records = 0
    for (const { start, end, count } of groups) {
      bytes += end - start
      records += count
    }
    watcher.committed({ ms: watcher.now() - began, bytes, records })
  }

  /** If something waits already, the next write begins first. */
  #acknowledge(groups: readonly DurableGroup[], now = true): void {
    for (const group of groups) this.#acknowledgements.add(group)
    if (now) this.#acknowledgements.tellAll()
    else if (!this.#hasGroups) this.#acknowledgements.tellHalf()
  }

  async #sync(): Promise<void> {
    await this.#syncFile()
    this.#noteSynced()
  }

  async #syncFile(): Promise<void> {
    this.#syncIsDue = false
    this.#cancelSyncTimer?.()
    this.#cancelSyncTimer = null
    if (this.#files.writer.isSynced) return
    await this.#files.writer.sync()
    this.#syncs += 1
  }

  #noteSynced(): void {
    this.#synced = this.#handed
    this.#waiters.settle(this.#synced)
  }

  #syncLater(): void {
    const { syncEveryMs } = this.#options.durability
    if (syncEveryMs === Infinity || this.#cancelSyncTimer !== null) return
    this.#cancelSyncTimer = this.#options.clock.after(syncEveryMs, () => {
      this.#cancelSyncTimer = null
      this.#syncIsDue = true
      this.#wakeForWork()
    })
  }

  /** One timer for many short pauses: if the log works when it rings, the next pause sets it again. */
  #watchForIdleness(): void {
    if (this.#cancelIdleTimer !== null || this.#refusal !== null) return
    if (!this.#files.writer.wantsIdleFrame) return
    this.#cancelIdleTimer = this.#options.clock.after(idleMs, () => {
      this.#cancelIdleTimer = null
      if (this.#awake || this.#failure !== null) return
      this.#idleFrameIsDue = true
      this.#wakeForWork()
    })
  }

  #cancelTimers(): void {
    this.#cancelSyncTimer?.()
    this.#cancelIdleTimer?.()
  }

  // ---- refusing

  #fail(cause: unknown): void {
    if (this.#failure !== null) return
    this.#failure = { cause }
    this.#refusal = 'POISONED'
    this.#tellWhatIsDurable()
    this.#cancelTimers()
    this.#waiters.reject(this.#error('POISONED'))
    this.#options.onFailure({ cause, unknownThrough: this.#handed })
  }

  /** Tells of groups that are durable: they have succeeded, whatever became of the next one. */
  #tellWhatIsDurable(): void {
    try {
      this.#acknowledgements.tellAll()
    } catch {
      // It was the telling that failed, and the log with it: nothing waits to be told any more.
    }
  }

  #refuse(code: ErrorCode): never {
    throw this.#error(code)
  }

  #error(code: ErrorCode): ColumbaError {
    return code === 'POISONED'
      ? new ColumbaError(
          code,
          'the log has failed and takes nothing more until it is opened again',
          {},
          this.failed,
        )
      : new ColumbaError(code, 'the log is closed')
  }
}
