import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Machine, machine } from './machine.js'
import type { ContestantName } from './peers/contestants.js'
import type { Job } from './process/job.js'
import { runJob } from './process/run-job.js'
import { type BenchmarkResult, type Runs, spreadOf } from './results.js'
import type { Benchmark, Measured, Point, Size } from './suite/benchmark.js'
import { benchmarkById } from './suite/suite.js'

export interface RunnerOptions {
  readonly size: Size
  /** Instead of what each benchmark says. */
  readonly runs: number | undefined
  readonly contestants: readonly ContestantName[] | undefined
  readonly scratch: string
  readonly tracePath: string
  readonly say: (line: string) => void
}

/** The point of B1 whose rate others are told to send at a share of. */
const RATE_POINT = '256'

/**
 * Runs benchmarks one after the other: for every point the contestants alternate, A B C A B C, each in a new process and
 * a new directory, so that whatever slows the machine down for a while falls on all of them.
 */
export class Runner {
  readonly #options: RunnerOptions
  readonly #versions = new Map<ContestantName, { version: string; unavailable: string | null }>()
  readonly #rates = new Map<ContestantName, number>()
  readonly #filled = new Set<string>()
  /** As it was before the first result was written into the working tree. */
  readonly #machine: Machine
  #failures = 0

  constructor(options: RunnerOptions) {
    this.#options = options
    rmSync(options.scratch, { recursive: true, force: true })
    mkdirSync(options.scratch, { recursive: true })
    this.#machine = machine(options.scratch)
  }

  async run(benchmark: Benchmark): Promise<BenchmarkResult> {
    const { size, say } = this.#options
    const runs: Runs = {}
    const versions: Partial<Record<ContestantName, string>> = {}
    const skipped: Partial<Record<ContestantName, string>> = {}
    say(`${benchmark.id}  ${benchmark.title}`)
    for (const point of benchmark.points(size)) {
      if (point.needsTrace === true && !existsSync(this.#options.tracePath)) {
        say(`  ${point.label}: skipped, no trace at ${this.#options.tracePath} (say --trace FILE)`)
        continue
      }
      const taking: ContestantName[] = []
      for (const name of this.#asked(point)) {
        const { version, unavailable } = await this.#version(name)
        if (unavailable === null) {
          versions[name] = version
          taking.push(name)
        } else if (skipped[name] === undefined) {
          skipped[name] = unavailable
          say(`  ${name}: skipped, ${unavailable}`)
        }
      }
      runs[point.key] = await this.#alternate(benchmark, point, taking)
    }
    const rate = benchmark.id === 'B1' ? runs[RATE_POINT] : undefined
    for (const name of Object.keys(rate ?? {}) as ContestantName[]) {
      this.#rates.set(name, spreadOf(runs, RATE_POINT, name, 'perSecond')!.median)
    }
    const measuredAt = new Date().toISOString()
    return { benchmark: benchmark.id, size, measuredAt, machine: this.#machine, versions, skipped, runs }
  }

  /** Runs that ended with an error; the others go on without them. */
  get failures(): number {
    return this.#failures
  }

  /** Holds every contestant to the promises that all compete under. */
  async check(names: readonly ContestantName[]): Promise<void> {
    for (const name of names) {
      const { version, unavailable } = await this.#version(name)
      if (unavailable !== null) this.#options.say(`${name}: skipped, ${unavailable}`)
      else {
        const directory = this.#fresh(`check-${name}`)
        await runJob({ ...this.#job(name, directory), task: 'check' })
        this.#remove(directory)
        this.#options.say(`${name}: keeps the promises (${version})`)
      }
    }
  }

  end(): void {
    this.#remove(this.#options.scratch)
  }

  #asked({ contestants }: Point): readonly ContestantName[] {
    const only = this.#options.contestants
    return only === undefined ? contestants : contestants.filter((name) => only.includes(name))
  }

  async #alternate(
    benchmark: Benchmark,
    point: Point,
    contestants: readonly ContestantName[],
  ): Promise<Partial<Record<ContestantName, Measured[]>>> {
    const { size, say } = this.#options
    const results: Partial<Record<ContestantName, Measured[]>> = {}
    const count = this.#options.runs ?? point.runs?.[size] ?? benchmark.runs[size]
    for (let turn = 1; turn <= count; turn++) {
      for (const name of contestants) {
        try {
          const measured = await this.#one(benchmark, point, name)
          ;(results[name] ??= []).push(measured)
          say(`  ${point.label}  ${name}  ${turn}/${count}  ${headline(benchmark, measured)}`)
        } catch (error) {
          this.#failures++
          say(`  ${point.label}  ${name}  ${turn}/${count}  FAILED: ${String(error)}`)
        }
      }
    }
    return results
  }

  async #one(benchmark: Benchmark, point: Point, name: ContestantName): Promise<Measured> {
    const rateOf = point.rateOf === 'self' ? name : point.rateOf
    const rate = rateOf === undefined ? {} : { sendsPerSecond: await this.#rate(rateOf) }
    const directory = await this.#directory(benchmark, point, name)
    const job = {
      ...this.#job(name, directory),
      task: 'run' as const,
      benchmark: benchmark.id,
      point: point.key,
    }
    const answer = await runJob({ ...job, ...rate })
    if (point.readsOnly !== true) this.#remove(directory)
    return 'measured' in answer ? answer.measured : {}
  }

  /** Empty, or with the dataset: in place for readers, a copy for writers. */
  async #directory(benchmark: Benchmark, point: Point, name: ContestantName): Promise<string> {
    if (point.dataset === undefined) return this.#fresh(`run-${name}`)
    const filled = join(this.#options.scratch, `dataset-${point.dataset}-${name}`)
    if (!this.#filled.has(filled)) {
      this.#options.say(`  filling the dataset ${point.dataset} for ${name}`)
      mkdirSync(filled)
      const job = {
        ...this.#job(name, filled),
        task: 'fill' as const,
        benchmark: benchmark.id,
        dataset: point.dataset,
      }
      await runJob(job)
      this.#filled.add(filled)
    }
    if (point.readsOnly === true) return filled
    const copy = this.#fresh(`run-${name}`)
    cpSync(filled, copy, { recursive: true })
    return copy
  }

  async #rate(name: ContestantName): Promise<number> {
    let rate = this.#rates.get(name)
    if (rate === undefined) {
      const b1 = benchmarkById('B1')
      const point = b1.points(this.#options.size).find(({ key }) => key === RATE_POINT)!
      rate = (await this.#one(b1, point, name))['perSecond']!
      this.#rates.set(name, rate)
      this.#options.say(`  rate of ${name}: ${Math.round(rate)} sends/s`)
    }
    return rate
  }

  async #version(name: ContestantName): Promise<{ version: string; unavailable: string | null }> {
    let known = this.#versions.get(name)
    if (known === undefined) {
      const answer = await runJob({ ...this.#job(name, this.#options.scratch), task: 'version' })
      known = 'version' in answer ? answer : { version: '', unavailable: 'no version' }
      this.#versions.set(name, known)
    }
    return known
  }

  #job(contestant: ContestantName, directory: string): Omit<Job, 'task'> {
    return { contestant, directory, size: this.#options.size, tracePath: this.#options.tracePath }
  }

  #fresh(name: string): string {
    const directory = join(this.#options.scratch, name)
    this.#remove(directory)
    mkdirSync(directory)
    return directory
  }

  #remove(directory: string): void {
    rmSync(directory, { recursive: true, force: true })
  }
}

function headline(benchmark: Benchmark, measured: Measured): string {
  return benchmark.columns
    .filter(({ figure }) => measured[figure] !== undefined)
    .map(
      ({ figure, title, unit }) =>
        `${title} ${readable(measured[figure]!)}${unit === '/s' ? '' : ` ${unit}`}`,
    )
    .join(', ')
}

function readable(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))
}
