import { ColumbaError } from '../../errors.js'
import type { Clock } from '../../platform/clock.js'
import type { FlushParts } from './flusher.js'
import { BlockStream } from '../tidy/block-stream.js'
import { mergedBlocks } from '../tidy/merged-blocks.js'
import { Pace } from '../tidy/pace.js'
import { runSwap } from '../tidy/run-swap.js'
import { TidyError } from '../tidy/tidy-error.js'
import type { Merge } from '../tidy/tidy-plan.js'

/** What is gathered before it is written, or waited for. */
const pieceBytes = 256 * 1024
/** What a merge writes between two looks at how much room there is: little beside the room that is kept. */
const lookBytes = 4 * 1024 * 1024

/**
 * Where the two long steps of a merge are done: on this thread, or on the one that flushes. The code that does it is the same.
 * One call at a time.
 */
export interface TidyRunner {
  /**
   * Writes the merged file, which is durable then, name and all; returns its bytes. Rejects with NOT_MERGED if there is no such
   * file, and with anything else if that is unknown. It ends, and gives its room back, where it would take what is kept for
   * others.
   */
  merge(merge: Merge): Promise<number>
  /** The shards have accepted the rows that point into a merged file when it resolves. */
  swap(file: number): Promise<void>
  /**
   * Resolves when no row of a swap is being written; none will be until `release`. LevelDB drops the beginning of a new log, of
   * which a checkpoint makes its evidence, if it comes after a write that has to wait.
   */
  hold(): Promise<void>
  release(): void
  /** A caller waits: no rests, until it is called with false. */
  hurry(on: boolean): void
  /** What is under way, and what is asked for later, rejects soon; `isStopped` says so. */
  stop(): void
}

export interface TidyRunnerParts extends FlushParts {
  readonly clock: Clock
  readonly restMs: number
  /** So much of the disk is not for merges. */
  readonly spareBytes: number
}

export class InlineTidyRunner implements TidyRunner {
  readonly #parts: TidyRunnerParts
  readonly #pace: Pace
  /** Rows that are being written. */
  #piece: Promise<void> | null = null
  #isHurried = false
  /** While it is held: resolves at `release`. */
  #held: { readonly released: Promise<void>; readonly release: () => void } | null = null

  constructor(parts: TidyRunnerParts) {
    this.#parts = parts
    this.#pace = new Pace(parts.clock, parts.restMs)
  }

  async merge({ inputs, output }: Merge): Promise<number> {
    const { bodies } = this.#parts
    let whole = false
    let bytes = 0
    const pieces = async function* (
      this: InlineTidyRunner,
      streams: readonly BlockStream[],
    ): AsyncGenerator<Buffer, void> {
      let gathered: Buffer[] = []
      let gatheredBytes = 0
      let unlooked = 0
      for await (const block of mergedBlocks(streams)) {
        gathered.push(block)
        gatheredBytes += block.length
        await this.#pace.after(block.length)
        if (gatheredBytes < pieceBytes) continue
        unlooked += gatheredBytes
        if (unlooked >= lookBytes) {
          unlooked = 0
          await this.#leaveRoom()
        }
        yield Buffer.concat(gathered)
        bytes += gatheredBytes
        gathered = []
        gatheredBytes = 0
      }
      yield Buffer.concat(gathered)
      bytes += gatheredBytes
      whole = true
    }
    try {
      const streams: BlockStream[] = []
      for (const file of inputs) {
        await bodies.check(file)
        streams.push(await BlockStream.open(bodies, file))
      }
      // Stopped meanwhile, it makes no file.
      await this.#pace.after(0)
      await bodies.writeMerged(output, pieces.call(this, streams))
    } catch (error) {
      // As long as it was not whole it has no name, and can be written once more.
      throw whole ? error : new TidyError('NOT_MERGED', 'a merge has failed', { cause: error })
    }
    return bytes
  }

  async #leaveRoom(): Promise<void> {
    const { bodies, spareBytes } = this.#parts
    const free = await bodies.freeBytes()
    if (free >= spareBytes) return
    throw new ColumbaError('NO_SPACE', 'the disk has become too full to merge body files', { free })
  }

  async swap(file: number): Promise<void> {
    const { bodies } = this.#parts
    await bodies.check(file)
    const stream = await BlockStream.open(bodies, file)
    while (stream.peek !== null) {
      while (this.#held !== null) await this.#held.released
      this.#piece = this.#swapPiece(file, stream)
      try {
        await this.#piece
      } finally {
        this.#piece = null
      }
    }
  }

  /** The rows of the next blocks are accepted when it resolves. */
  async #swapPiece(file: number, stream: BlockStream): Promise<void> {
    const { writers, shardOf, hashSeed } = this.#parts
    for (let bytes = 0; stream.peek !== null && bytes < pieceBytes; await stream.next()) {
      const { length } = stream.peek
      const place = { file, offset: stream.offset, hashSeed }
      const { id, key, value, gone } = await stream.use((block) => runSwap(block, place))
      writers[shardOf(id)]?.swap(key, value, gone)
      await this.#pace.after(length)
      bytes += length
    }
    await Promise.all(writers.map((writer) => writer.flush()))
  }

  async hold(): Promise<void> {
    if (this.#held === null) {
      let release = (): void => undefined
      const released = new Promise<void>((resolve) => (release = resolve))
      this.#held = { released, release }
    }
    // The holder waits for rows, not for rests among them.
    this.#pace.hurry(true)
    // The swap hears of a failure.
    await this.#piece?.catch(() => undefined)
  }

  release(): void {
    this.#held?.release()
    this.#held = null
    this.#pace.hurry(this.#isHurried)
  }

  hurry(on: boolean): void {
    this.#isHurried = on
    this.#pace.hurry(on || this.#held !== null)
  }

  stop(): void {
    this.#pace.stop()
  }
}

/** On the flush thread once there is one, which begins with the first large generation; until then on the calling thread. */
export class AdaptiveTidyRunner implements TidyRunner {
  readonly #inline: TidyRunner
  readonly #threadIfAny: () => TidyRunner | null
  #thread: TidyRunner | null = null
  #isHurried = false
  #isStopped = false

  /** `threadIfAny`: null also when the thread has died. */
  constructor(inline: TidyRunner, threadIfAny: () => TidyRunner | null) {
    this.#inline = inline
    this.#threadIfAny = threadIfAny
  }

  merge(merge: Merge): Promise<number> {
    return this.#runner.merge(merge)
  }

  swap(file: number): Promise<void> {
    return this.#runner.swap(file)
  }

  async hold(): Promise<void> {
    await Promise.all([this.#inline.hold(), this.#threadIfAny()?.hold()])
  }

  release(): void {
    this.#inline.release()
    this.#threadIfAny()?.release()
  }

  hurry(on: boolean): void {
    this.#isHurried = on
    this.#inline.hurry(on)
    this.#threadIfAny()?.hurry(on)
  }

  stop(): void {
    this.#isStopped = true
    this.#inline.stop()
    this.#threadIfAny()?.stop()
  }

  /**
   * A thread that is new is told what the others know, that it has been stopped last: only then somebody waits for it, and the
   * process does not end meanwhile.
   */
  get #runner(): TidyRunner {
    const thread = this.#threadIfAny()
    if (thread !== null && thread !== this.#thread) {
      thread.hurry(this.#isHurried)
      if (this.#isStopped) thread.stop()
    }
    this.#thread = thread
    return thread ?? this.#inline
  }
}
