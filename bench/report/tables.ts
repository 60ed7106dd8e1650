import type { ContestantName } from '../peers/contestants.js'
import { type BenchmarkResult, figuresOf, spreadOf } from '../results.js'
import type { Benchmark } from '../suite/benchmark.js'
import { benchmarkById } from '../suite/suite.js'
import { type Judged, judge, levelOf, readable, withUnit } from '../verdicts.js'

const VERDICTS = { aim: '✔ aim', must: '✔', missed: '✘ missed', 'not measured': '–' }

export function table(heading: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(heading), line(heading.map(() => '---')), ...rows.map(line)].join('\n')
}

/** One row per point and contestant, one column per figure. */
export function figureTable(benchmark: Benchmark, result: BenchmarkResult): string {
  const rows: string[][] = []
  for (const point of benchmark.points(result.size)) {
    for (const name of Object.keys(result.runs[point.key] ?? {}) as ContestantName[]) {
      const cells = benchmark.columns.map(({ figure, unit }) => {
        const spread = spreadOf(result.runs, point.key, name, figure)
        if (spread === undefined) return ''
        const range = spread.runs === 1 ? '' : ` [${readable(spread.min)} – ${readable(spread.max)}]`
        return `${withUnit(spread.median, unit)}${range}`
      })
      rows.push([point.label, name, ...cells])
    }
  }
  return table(['', 'contestant', ...benchmark.columns.map(({ title }) => title)], rows)
}

export function thresholdTable(judged: readonly Judged[]): string {
  if (judged.length === 0) return ''
  return table(
    ['', 'measured', 'wanted (aim)', ''],
    judged.map(({ threshold, value, verdict }) => [
      threshold.what,
      value === undefined ? '–' : withUnit(value, threshold.unit),
      levelOf(threshold),
      VERDICTS[verdict],
    ]),
  )
}

/** All thresholds of all benchmarks in one table, at the head of the page. */
export function summaryTable(results: readonly BenchmarkResult[]): string {
  const rows = results.flatMap((result) =>
    benchmarkById(result.benchmark).thresholds.map((threshold) => {
      const { value, verdict } = judge(threshold, figuresOf(result.runs))
      const measured = value === undefined ? '–' : withUnit(value, threshold.unit)
      return [result.benchmark, threshold.what, measured, levelOf(threshold), VERDICTS[verdict]]
    }),
  )
  return table(['', '', 'measured', 'wanted (aim)', ''], rows)
}

/** Where and when, and the versions of all that took part. */
export function machineLines(results: readonly BenchmarkResult[]): string {
  const distinct = (values: readonly string[]): string => [...new Set(values)].join('; ')
  const machines = results.map(({ machine }) => machine)
  const versions = new Map(results.flatMap(({ versions: own }) => Object.entries(own)))
  const skipped = new Map(results.flatMap(({ skipped: own }) => Object.entries(own)))
  const days = results.map(({ measuredAt }) => measuredAt.slice(0, 10)).sort()
  return [
    `* Machine: ${distinct(machines.map(({ processor, cores }) => `${processor}, ${cores} cores`))}, ` +
      `${distinct(machines.map(({ memoryGib }) => `${memoryGib} GiB`))}; ${distinct(machines.map(({ system }) => system))}; ` +
      distinct(machines.map(({ fileSystem }) => fileSystem)),
    `* Node ${distinct(machines.map(({ node }) => node))}; ${distinct([...versions.values()])}`,
    ...[...skipped].map(([name, reason]) => `* Not measured: ${name}, ${reason}`),
    `* Measured ${days[0]}${days.at(-1) === days[0] ? '' : ` to ${days.at(-1)}`}, ` +
      `size ${distinct(results.map(({ size }) => size))}, revision ${distinct(machines.map(({ revision }) => revision))}`,
  ].join('\n')
}
