import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { addSums, noSums, type SeedRun } from './run-seeds.js'

export interface SeedJobsOptions {
  readonly first: number
  readonly seeds: number
  /** Threads, each of which runs seeds of its own. */
  readonly jobs: number
  /** Goes on behind a finding. */
  readonly all?: boolean
  /** Seeds that a thread takes at a time. Default 50. */
  readonly atOnce?: number
  readonly onProgress?: (run: SeedRun) => void
}

/** Nearly all of a seed's objects die young: with room for them a tenth more seeds are run. */
const resourceLimits = { maxYoungGenerationSizeMb: 192 }

/** Many seeds on several threads: each gives what it gives alone, in whatever order they end. */
export class SeedJobs {
  readonly #options: SeedJobsOptions
  readonly #end: number
  readonly #underWay = new Set<number>()
  #next: number
  #stopped = false
  #run: SeedRun = { seeds: 0, found: [], sums: noSums }

  constructor(options: SeedJobsOptions) {
    this.#options = options
    this.#next = options.first
    this.#end = options.first + options.seeds
  }

  /** Every seed below it has been run. */
  get reached(): number {
    return Math.min(this.#next, ...this.#underWay)
  }

  /** No more seeds are begun; `run` resolves when those under way have ended. */
  stop(): void {
    this.#stopped = true
  }

  async run(): Promise<SeedRun> {
    await Promise.all(Array.from({ length: this.#options.jobs }, () => this.#job()))
    return this.#run
  }

  async #job(): Promise<void> {
    const { all = false, atOnce = 50, onProgress } = this.#options
    const worker = new Worker(new URL('seed-worker.js', import.meta.url), { resourceLimits })
    try {
      while (this.#next < this.#end && !this.#stopped) {
        const first = this.#next
        const count = Math.min(atOnce, this.#end - first)
        this.#next += count
        this.#underWay.add(first)
        worker.postMessage({ first, count })
        const [{ seeds, found, sums }] = (await once(worker, 'message')) as [SeedRun]
        this.#underWay.delete(first)
        const before = this.#run
        this.#run = {
          seeds: before.seeds + seeds,
          found: [...before.found, ...found],
          sums: addSums(before.sums, sums),
        }
        if (found.length > 0 && !all) this.stop()
        onProgress?.(this.#run)
      }
    } finally {
      await worker.terminate()
    }
  }
}
