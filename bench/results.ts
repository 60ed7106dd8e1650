import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Machine } from './machine.js'
import { CONTESTANTS, type ContestantName, contestantNames } from './peers/contestants.js'
import type { Figures, Measured, Size } from './suite/benchmark.js'

/** Point → contestant → what each run measured. */
export type Runs = Record<string, Partial<Record<ContestantName, Measured[]>>>

export interface BenchmarkResult {
  readonly benchmark: string
  readonly size: Size
  readonly measuredAt: string
  readonly machine: Machine
  readonly versions: Partial<Record<ContestantName, string>>
  /** Contestants that could not take part, and why. */
  readonly skipped: Partial<Record<ContestantName, string>>
  readonly runs: Runs
}

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly runs: number
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  return { median, min: sorted[0]!, max: sorted.at(-1)!, runs: sorted.length }
}

/** The runs of one figure, undefined where it was not measured. */
export function spreadOf(
  runs: Runs,
  point: string,
  contestant: ContestantName,
  figure: string,
): Spread | undefined {
  const values = (runs[point]?.[contestant] ?? [])
    .map((measured) => measured[figure])
    .filter((value): value is number => typeof value === 'number' && Number.isFinite(value))
  return values.length === 0 ? undefined : spread(values)
}

export function figuresOf(runs: Runs): Figures {
  const of = (point: string, contestant: ContestantName, figure: string): number | undefined =>
    spreadOf(runs, point, contestant, figure)?.median
  return {
    of,
    bestPeer(point, figure) {
      const peers = contestantNames.filter((name) => CONTESTANTS[name].role === 'embedded')
      const values = peers.map((name) => of(point, name, figure)).filter((value) => value !== undefined)
      return values.length === 0 ? undefined : Math.max(...values)
    },
  }
}

export function saveResult(directory: string, result: BenchmarkResult): void {
  mkdirSync(directory, { recursive: true })
  const path = join(directory, `${result.benchmark}.${result.size}.json`)
  writeFileSync(path, `${JSON.stringify(result, null, 1)}\n`)
}

export function loadResults(directory: string, size: Size): BenchmarkResult[] {
  const names = readdirSync(directory).filter((name) => name.endsWith(`.${size}.json`))
  return names.map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as BenchmarkResult)
}
