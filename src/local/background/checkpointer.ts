import type { Clock } from '../../platform/clock.js'
import type { CommitLog } from '../commit-log/commit-log.js'
import type { OrderedFlush } from './flush-runner.js'
import type { Generation } from '../memory/generation.js'
import type { Memory } from '../memory/memory.js'
import type { Recovery } from './recovery.js'
import type { ShardSet } from '../shards/shard-set.js'
import type { Telemetry } from '../telemetry.js'
import type { Writer } from '../writes/writer.js'

export interface CheckpointerParts {
  readonly shards: ShardSet
  readonly flush: OrderedFlush
  readonly clock: Clock
  readonly memory: Memory
  readonly log: CommitLog
  readonly writer: Writer
  readonly telemetry: Telemetry
}

export interface CheckpointerOptions {
  /**
   * A checkpoint is wanted when this much log has been flushed since the last one, or when the queue is not drained for want of
   * one.
   */
  readonly checkpointBytes: number
  /** Beyond this much log without a checkpoint the queue is not drained until there is one. */
  readonly maxLogBytes: number
  /** Frozen generations that may wait; with more the queue is not drained. */
  readonly maxWaitingGenerations: number
  /** For so long after a flush nothing is written that can be done without. */
  readonly sparedMs: number
  /** Writes the new checkpoint into the manifest, durably. */
  readonly commitManifest: (checkpoint: number) => Promise<void>
  /** Bytes free on the disk below which nothing is accepted. */
  readonly spareBytes: number
  readonly freeBytes: () => Promise<number>
  /** A failed flush or checkpoint: the store takes no more writes. */
  readonly onFailure: (error: unknown) => void
  readonly epoch: number
  readonly tidy: SwappedRows
}

/** Rows that the tidy puts into the shards beside the flush: a checkpoint proves them as well, and must not meet them. */
interface SwappedRows {
  /** Some have been accepted that no checkpoint has proven. */
  readonly unproven: boolean
  /** Called before the first step; what it returns is called when all that had been accepted by then are on the disk. */
  readonly checkpointBegins: () => () => void
  /** Resolves when none are being written; none will be until what it returns is called. */
  readonly hold: () => Promise<() => void>
}

/** How long a full disk is left alone. */
const lookAgainMs = 1000

/** Every opening begins a segment: of a store that is killed again and again each holds next to nothing. */
const mostSegmentsAtOpening = 32

/**
 * The background of the write path: frozen generations are flushed one at a time, in order, while sends go on; now and
 * then a checkpoint makes the log before it unnecessary. Steps of a checkpoint, none of which may move:
 *
 *  1. all rows up to the position are accepted by the shards (the flush has ended)
 *  2. each shard proves that they are on the disk (shards/checkpoint-evidence.ts)
 *  3. the manifest says so, durably
 *  4. only then log segments go
 */
export class Checkpointer {
  readonly #parts: CheckpointerParts
  readonly #options: CheckpointerOptions
  readonly #waiting: Generation[] = []
  #running: Promise<void> | null = null
  #lastRun: Promise<void> = Promise.resolve()
  /** The last record that the shards have accepted the rows of. */
  #flushed: number
  #flushedAt = -Infinity
  #checkpoint: number
  /** Bytes of closed generations since the last checkpoint; also of those that were recovered. */
  #bytesSince = 0
  #failed = false
  #pauseEnded: (() => unknown) | null = null
  #cancelLook: (() => void) | null = null
  #stopped = false
  readonly stats = { flushes: 0, checkpoints: 0, flushedBytes: 0, lastFlushMs: 0, lastCheckpointMs: 0 }

  constructor(parts: CheckpointerParts, options: CheckpointerOptions, checkpoint: number) {
    this.#parts = parts
    this.#options = options
    this.#flushed = this.#checkpoint = checkpoint
  }

  get checkpoint(): number {
    return this.#checkpoint
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** A generation has been closed by its cut. */
  readonly frozen = (generation: Generation): void => {
    this.#waiting.push(generation)
    this.#bytesSince += generation.bytes
    this.#throttle()
    this.#start()
  }

  /**
   * At opening: what lies after the last cut of the old log gets a cut and is flushed; memory begins empty after it.
   *
   * IMPORTANT: the log that was recovered counts. A store that never runs long enough for a checkpoint would else keep all of
   * it, and read more of it at each opening. Once it is too long, or in too many segments, the opening ends only after the
   * checkpoint.
   */
  async recover(recovery: Recovery): Promise<void> {
    const { log, memory, writer } = this.#parts
    memory.generations.current.restart(recovery.lastCut)
    this.#bytesSince = recovery.cutBytes
    if (recovery.rest.length > 0) {
      for (const range of recovery.rest) memory.generations.current.addRange(range)
      await writer.cut()
      await this.#settled()
    } else {
      await recovery.settled()
      this.#flushed = recovery.lastCut
    }
    recovery.done()
    const isLong = this.#bytesSince > this.#options.maxLogBytes
    if (isLong || log.stats.segments > mostSegmentsAtOpening) await this.run()
    await this.#lookAtDisk()
  }

  /** After an opening: the checkpoint that is due is made beside the first calls. */
  begin(): void {
    // A failure is told to all writers.
    if (this.#isDue) this.run().catch(() => undefined)
  }

  /** To be called when something has been written. Whatever else fills the disk, it is looked at within a second then. */
  readonly written = (): void => {
    if (this.#cancelLook === null && !this.#stopped) this.#lookLater()
  }

  /**
   * Whether something may be written to the shards that can be done without: as long as writes are accepted, and no flush has
   * been for some time. Beside flushes LevelDB would merge it with everything else again and again.
   */
  admits(): boolean {
    const { clock, writer } = this.#parts
    if (!writer.accepts || Math.abs(clock.now() - this.#flushedAt) < this.#options.sparedMs) return false
    this.written()
    return true
  }

  /**
   * Flushes all that is durable and makes a checkpoint of it. Calls come one after the other: two checkpoints, or a
   * checkpoint and a second drain of the same generations, must never be under way together. `look`, if given, is called
   * at the very moment when the shards are at the checkpoint and nothing is being written to them.
   */
  run(look?: () => void): Promise<void> {
    const turn = this.#lastRun.then(() => this.#runAlone(look))
    this.#lastRun = turn.catch(() => undefined)
    // The first caller hears the same as all later ones.
    return turn.catch((error: unknown) => {
      throw this.#failed ? (this.#parts.writer.refusal ?? error) : error
    })
  }

  async #runAlone(look: (() => void) | undefined): Promise<void> {
    this.#assertSound()
    if (this.#parts.memory.generations.current.ranges.length > 0 || this.#parts.log.queuedRecords > 0)
      await this.#parts.writer.cut()
    do await this.#settled()
    while (this.#running !== null)
    if (this.#flushed === this.#checkpoint && !this.#options.tidy.unproven) {
      look?.()
      return
    }
    try {
      await (this.#running = this.#guard(() => this.#makeCheckpoint()))
      look?.()
    } finally {
      this.#running = null
      this.#start()
    }
  }

  /** Resolves when nothing is under way; rejects if the background has failed. */
  async #settled(): Promise<void> {
    while (this.#running !== null) await this.#running
    this.#assertSound()
  }

  #assertSound(): void {
    if (this.#failed) throw this.#parts.writer.refusal ?? new Error('the flush has failed')
  }

  /** Log or shards have failed: no step is begun any more. What was accepted still gets into the log, if that is sound. */
  end(): void {
    this.#failed = true
    this.#parts.log.resume()
  }

  /** Waits for what is under way, whatever comes of it. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelLook?.()
    this.#waiting.length = 0
    while (this.#running !== null) await this.#running.catch(() => undefined)
  }

  #start(): void {
    if (this.#running !== null || this.#failed || this.#waiting.length === 0) return
    this.#running = this.#guard(() => this.#drain()).then(
      () => {
        this.#running = null
        this.#start()
      },
      () => {
        this.#running = null
      },
    )
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#failed = true
      this.#options.onFailure(error)
      // The flush will not catch up any more: what was accepted still gets into the log, or its callers would wait for ever.
      this.#parts.log.resume()
      throw error
    }
  }

  async #drain(): Promise<void> {
    for (let generation = this.#waiting[0]; generation !== undefined; generation = this.#waiting[0]) {
      await this.#flush(generation)
      this.#waiting.shift()
      // IMPORTANT: nothing else ends a pause that was made for the sake of `maxLogBytes`.
      if (this.#isDue) await this.#makeCheckpoint()
      this.#throttle()
      await this.#lookAtDisk()
    }
  }

  get #isDue(): boolean {
    const { checkpointBytes, maxLogBytes } = this.#options
    return this.#bytesSince >= Math.min(checkpointBytes, maxLogBytes)
  }

  async #flush(generation: Generation): Promise<void> {
    const { log, memory, clock, flush, telemetry } = this.#parts
    const ended = telemetry.begin('flush.ms')
    // In every durability: rows must never be ahead of the log.
    await log.syncThrough(generation.last)
    this.#assertSound()
    await flush.flush(generation.ranges)
    this.#flushed = generation.last
    this.#flushedAt = clock.now()
    this.stats.flushes++
    this.stats.flushedBytes += generation.bytes
    this.stats.lastFlushMs = Math.round(ended())
    telemetry.observe('flush.bytes', generation.bytes)
    memory.generations.flushed(generation)
  }

  async #makeCheckpoint(): Promise<void> {
    const { log, telemetry } = this.#parts
    const position = this.#flushed
    const ended = telemetry.begin('checkpoint.ms')
    this.#assertSound()
    const proven = this.#options.tidy.checkpointBegins()
    await this.#prove(position)
    await this.#options.commitManifest(position)
    this.#checkpoint = position
    this.#bytesSince = this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0)
    this.#assertSound()
    await log.removeThrough(position)
    this.stats.checkpoints++
    this.stats.lastCheckpointMs = Math.round(ended())
    proven()
    this.#throttle()
  }

  /**
   * Resolves when each shard has shown that all rows up to the position are on the disk. Nothing is written to it meanwhile.
   */
  async #prove(position: number): Promise<void> {
    const { tidy, epoch } = this.#options
    const letGo = await tidy.hold()
    try {
      await this.#parts.shards.checkpoint({ position, epoch })
    } finally {
      letGo()
    }
  }

  /** Stops draining the queue while the background is too far behind, and goes on when it has caught up. */
  #throttle(): void {
    const { log, telemetry } = this.#parts
    const behind =
      this.#waiting.length > this.#options.maxWaitingGenerations ||
      this.#bytesSince > this.#options.maxLogBytes
    if (behind && !this.#failed) {
      log.pause()
      this.#pauseEnded ??= telemetry.begin('log.pause.ms')
    } else {
      log.resume()
      this.#pauseEnded?.()
      this.#pauseEnded = null
    }
  }

  #lookLater(): void {
    this.#cancelLook = this.#parts.clock.after(lookAgainMs, () => void this.#lookAtDisk())
  }

  /** Once there is too little room nothing is accepted, so nothing is written or flushed that would look again: a timer does. */
  async #lookAtDisk(): Promise<void> {
    const { writer, telemetry } = this.#parts
    const { freeBytes, spareBytes } = this.#options
    // Where the free room is not known, the first write that fails tells.
    const free = await freeBytes().catch(() => Infinity)
    if (this.#stopped) return
    const isLow = free < spareBytes
    if (isLow !== writer.noSpace) {
      if (isLow) telemetry.warn('the disk is nearly full; nothing is accepted', { free })
      else telemetry.info('there is room on the disk again', { free })
    }
    writer.noSpace = isLow
    this.#cancelLook?.()
    this.#cancelLook = null
    if (isLow) this.#lookLater()
  }
}
