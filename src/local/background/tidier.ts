import { type ColumbaError, isColumbaError } from '../../errors.js'
import { bodyFileName } from '../../formats/body-file.js'
import type { Clock } from '../../platform/clock.js'
import type { BodyFiles } from '../bodies/body-files.js'
import { codeOf, type Telemetry } from '../telemetry.js'
import type { TidyRunner } from './tidy-runner.js'
import { isNotMerged, isStopped } from '../tidy/tidy-error.js'
import { beside, mergeOf, possibleMerges, unfinishedMerge, type Merge } from '../tidy/tidy-plan.js'

export interface TidierOptions {
  readonly bodies: BodyFiles
  readonly runner: TidyRunner
  readonly clock: Clock
  /** What the manifest says. */
  readonly checkpoint: () => number
  /** Settings of LocalTuning. */
  readonly tuning: {
    readonly tidyFiles: number
    readonly tidyBytes: number
    readonly tidyAfterMs: number
    readonly spareBytes: number
  }
  /** Rows were not accepted: the shards may not be written any more. */
  readonly onPoisoned: (error: unknown) => void
  readonly telemetry: Telemetry
}

interface Job extends Merge {
  /** Its file is durable. */
  written: boolean
  /** It was found at opening. */
  readonly found: boolean
  /** Some of its rows may have been handed over, and not all accepted. */
  halfSwapped: boolean
  /** Which of all swaps this one was; 0 before all of its rows have been accepted. */
  swap: number
}

/** After a failure this many checkpoints pass before the next try, and twice as many after each further one. */
const mostRests = 64

/**
 * The tidy: merges neighbouring body files into one of the next level, in which the blocks of a conversation are joined.
 * Steps, none of which may move:
 *
 *  1. The merged file is written from files at or below the checkpoint, and is durable, name and all.
 *  2. The shards accept the rows that point into it: in each partition the run of the joined block takes, in one batch,
 *     the place of those that it was made of.
 *  3. A checkpoint that began after that proves that these rows are on the disk.
 *  4. Only then the files that were merged go; that they are gone is made durable before anything else is merged.
 *
 * A crash between 1 and 4 leaves files that lie within the range of one of a higher level: then the steps from 2 on are
 * done again. What 2 writes follows from the merged file alone. One merge is under way at a time.
 */
export class Tidier {
  readonly #options: TidierOptions
  #job: Job | null = null
  /** Whether a crash has left a merge unfinished is known. */
  #looked = false
  #running: Promise<void> | null = null
  #wanted = false
  #stopped = false
  /**
   * Until the store is opened again: whether the present job's file is there, name and all, is unknown; or a block of it is
   * damaged, and will be the next time.
   */
  #stuck = false
  /** Files with a block that was found damaged, until the store is opened again. */
  readonly #damaged = new Set<number>()
  #turn: Promise<void> = Promise.resolve()
  /** Number of holders that need rows and files to stay as they are. */
  #held = 0
  /** Swaps whose rows have been accepted, and how many of them a checkpoint has proven. */
  #accepted = 0
  #proven = 0
  /** Checkpoints that are still to pass before the next try. */
  #rests = 0
  #failuresInRow = 0
  #cancelBegin: (() => void) | null = null
  readonly stats = { merges: 0, mergedFiles: 0, mergedBytes: 0, failures: 0 }

  constructor(options: TidierOptions) {
    this.#options = options
  }

  /** A merge is under way, or waits for a checkpoint to prove its rows. */
  get merging(): boolean {
    return this.#job !== null
  }

  /** Rows have been swapped that no checkpoint has proven yet. */
  get unproven(): boolean {
    return this.#accepted > this.#proven
  }

  /** Resolves when no rows are being swapped; what it returns lets it go on. */
  readonly hold = async (): Promise<() => void> => {
    const { runner } = this.#options
    await runner.hold()
    return () => runner.release()
  }

  /** To be called when a checkpoint begins; what it returns, when there is evidence. */
  readonly checkpointBegins = (): (() => void) => {
    const accepted = this.#accepted
    return () => {
      this.#proven = accepted
      if (this.#rests > 0) this.#rests--
      this.wake()
    }
  }

  /**
   * Begins the first look, a while after the opening: users who come then read what is not in memory yet, and should have the
   * disk and the thread for it.
   */
  begin(): void {
    const { clock, tuning } = this.#options
    if (tuning.tidyAfterMs === 0) this.wake()
    else this.#cancelBegin = clock.after(tuning.tidyAfterMs, () => this.wake())
  }

  /** Looks for something to do, in the background. */
  wake(): void {
    if (this.#stopped || this.#stuck || this.#rests > 0 || this.#options.tuning.tidyFiles === Infinity) return
    this.#wanted = true
    this.#running ??= this.#run().finally(() => {
      this.#running = null
    })
  }

  /**
   * Runs `work` while no row is half swapped, none is being swapped, and no file goes. Where a block is damaged rows stay as
   * they were before the merge, with their files: each conversation is whole for `work`, which finds what is damaged.
   */
  async still<T>(work: () => Promise<T>): Promise<T> {
    this.#held++
    this.#options.runner.hurry(true)
    try {
      if (!this.#stopped) {
        await this.#alone(() => this.#settle()).catch((error: unknown) => {
          if (!isColumbaError(error, 'CORRUPT')) throw error
          this.#failed(error)
        })
      }
      return await work()
    } finally {
      this.#held--
      if (this.#held === 0) this.#options.runner.hurry(false)
      this.wake()
    }
  }

  /** Stops where it is; what is left is done after the next opening. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelBegin?.()
    this.#options.runner.stop()
    await this.#running
  }

  /** After the last checkpoint: brings what has been proven to its end. */
  async finish(): Promise<void> {
    const job = this.#job
    if (this.#stuck || job === null || job.swap === 0 || job.swap > this.#proven) return
    await this.#remove(job).catch((error: unknown) => this.#failed(error))
  }

  async #run(): Promise<void> {
    while (this.#wanted) {
      this.#wanted = false
      try {
        await this.#work()
        this.#failuresInRow = 0
      } catch (error) {
        if (isStopped(error)) return
        this.#rests = Math.min(mostRests, 2 ** this.#failuresInRow++)
        this.#failed(error)
        return
      }
    }
  }

  /** Nothing is lost by it, and it will be tried again, unless a block is damaged. */
  #failed(error: unknown): void {
    this.stats.failures++
    const code = codeOf(error)
    if (code === 'POISONED') this.#options.onPoisoned(error)
    const { file = null, offset = null } = isColumbaError(error, 'CORRUPT') ? error.details : {}
    this.#options.telemetry.warn('body files could not be merged; nothing is lost', { code, file, offset })
  }

  async #work(): Promise<void> {
    if (!this.#looked && this.#held === 0) await this.#alone(() => this.#settle())
    while (!this.#stopped && this.#looked) {
      const job = (this.#job ??= await this.#choose())
      if (job === null) return
      if (!job.written) await this.#merge(job)
      // The holder wakes it again; so does the next checkpoint.
      if (this.#held > 0) return
      if (job.swap === 0) await this.#alone(() => this.#swap(job))
      if (this.#held > 0 || job.swap > this.#proven) return
      await this.#alone(() => this.#remove(job))
    }
  }

  /** One step after the other. */
  #alone(step: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(step)
    this.#turn = done.catch(() => undefined)
    return done
  }

  /** Brings to its end what a crash, or a failure, has left half swapped. */
  async #settle(): Promise<void> {
    const { bodies } = this.#options
    if (!this.#looked) {
      const left = unfinishedMerge(await bodies.list())
      if (left !== null) this.#job = { ...left, written: true, found: true, halfSwapped: true, swap: 0 }
      else await bodies.removeLeftovers()
      this.#looked = true
    }
    if (this.#job?.halfSwapped === true && !this.#stuck) await this.#swap(this.#job)
  }

  async #choose(): Promise<Job | null> {
    const { bodies, tuning, checkpoint } = this.#options
    const enough = tuning.tidyFiles
    const files = beside(this.#damaged, await bodies.list())
    for (const inputs of possibleMerges(files, checkpoint(), enough)) {
      let bytes = 0
      let count = 0
      for (const file of inputs) {
        bytes += await bodies.size(file)
        if (bytes > tuning.tidyBytes) break
        count++
      }
      if (count < enough) continue
      // The merge looks as well, for others fill the disk meanwhile.
      if ((await bodies.freeBytes()) < bytes + 2 * tuning.spareBytes) return null
      const merge = mergeOf(inputs.slice(0, count))
      return { ...merge, written: false, found: false, halfSwapped: false, swap: 0 }
    }
    return null
  }

  async #merge(job: Job): Promise<void> {
    const { runner, telemetry } = this.#options
    const ended = telemetry.begin('merge.ms')
    try {
      telemetry.observe('merge.bytes', await runner.merge(job))
    } catch (error) {
      this.#job = null
      if (isNotMerged(error)) {
        if (isColumbaError(error.cause, 'CORRUPT')) this.#damaged.add(damagedInput(error.cause, job))
        throw error.cause
      }
      this.#stuck = true
      throw error
    }
    ended()
    job.written = true
  }

  async #swap(job: Job): Promise<void> {
    // The process that wrote it may have died before its name was durable.
    if (job.found) await this.#options.bodies.syncNames()
    job.halfSwapped = true
    try {
      await this.#options.runner.swap(job.output)
    } catch (error) {
      if (isColumbaError(error, 'CORRUPT')) this.#stuck = true
      throw error
    }
    job.halfSwapped = false
    job.swap = ++this.#accepted
  }

  async #remove(job: Job): Promise<void> {
    const { bodies } = this.#options
    for (const file of job.inputs) await bodies.remove(file)
    await bodies.syncNames()
    this.stats.merges++
    this.stats.mergedFiles += job.inputs.length
    this.stats.mergedBytes += await bodies.size(job.output)
    this.#job = null
  }
}

/** The file that an error tells of; the oldest one if that is none of them. */
function damagedInput({ details }: ColumbaError, { inputs }: Merge): number {
  return inputs.find((file) => bodyFileName(file) === details['file']) ?? (inputs[0] as number)
}
