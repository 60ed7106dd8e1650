import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PLOTS, README, REPORT } from '../places.js'
import type { BenchmarkResult } from '../results.js'
import type { Size } from '../suite/benchmark.js'
import { benchmarkById, suite } from '../suite/suite.js'
import { figuresOf } from '../results.js'
import { judge } from '../verdicts.js'
import { barPlots } from './bar-plot.js'
import { withFigures } from './readme-figures.js'
import { figureTable, machineLines, summaryTable, thresholdTable } from './tables.js'

const SIZES: Record<Size, string> = {
  full: 'These are results of the full size: `npm run bench -- --full`, then `npm --prefix bench run report`.',
  short:
    'These are results of the short size (`npm run bench`, then `npm --prefix bench run report:short`): smaller data, ' +
    'fewer runs and more spread than the full one, which `npm run bench -- --full` measures in many hours.',
}

const introduction = (size: Size): string => `# Benchmarks

Generated from the results in \`bench/results/\`; nothing here is typed by hand. ${SIZES[size]} \`bench/README.md\`
says how. Every contestant runs in a process of its own, in turn with the others; figures are medians, with the lowest and
the highest run in brackets. Processor, memory and written bytes are those of the process that was measured: of the
servers only the client’s part.`

/** The page and its plots, from the results of one size. */
export function writeReport(results: readonly BenchmarkResult[], size: Size): void {
  const ordered = suite
    .map(({ id }) => results.find(({ benchmark }) => benchmark === id))
    .filter((result) => result !== undefined)
  if (ordered.length === 0) throw new Error('there are no results of that size yet')
  rmSync(PLOTS, { recursive: true, force: true })
  mkdirSync(PLOTS, { recursive: true })
  const sections = ordered.map(section)
  const page = [
    introduction(size),
    machineLines(ordered),
    '## What was to be reached',
    summaryTable(ordered),
    ...sections,
  ]
  writeFileSync(REPORT, `${page.join('\n\n')}\n`)
  const first = ordered.find(({ benchmark }) => benchmark === 'first')
  if (first !== undefined && size === 'full')
    writeFileSync(README, withFigures(readFileSync(README, 'utf8'), first))
}

function section(result: BenchmarkResult): string {
  const benchmark = benchmarkById(result.benchmark)
  const plots = barPlots(benchmark, result)
  for (const plot of plots) writeFileSync(join(PLOTS, plot.file), plot.svg)
  const judged = benchmark.thresholds.map((threshold) => judge(threshold, figuresOf(result.runs)))
  const parts = [
    `## ${benchmark.id}: ${benchmark.title}`,
    benchmark.workload,
    ...plots.map((plot) => `![${plot.title}](benchmarks/${plot.file})`),
    figureTable(benchmark, result),
    thresholdTable(judged),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}
