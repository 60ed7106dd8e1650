import { commandLine, USAGE } from './command-line.js'
import { contestantNames } from './peers/contestants.js'
import { RESULTS, SCRATCH, TRACE } from './places.js'
import { writeReport } from './report/report.js'
import { type BenchmarkResult, figuresOf, loadResults, saveResult } from './results.js'
import { Runner } from './runner.js'
import type { Benchmark } from './suite/benchmark.js'
import { benchmarkById, suite } from './suite/suite.js'
import { judge, levelOf, withUnit } from './verdicts.js'

const say = (line: string): void => console.log(line)

/** Whether everything that was wanted was reached, as far as it was measured. */
function sayVerdicts(benchmark: Benchmark, result: BenchmarkResult): boolean {
  const figures = figuresOf(result.runs)
  let reached = true
  for (const threshold of benchmark.thresholds) {
    const { value, verdict } = judge(threshold, figures)
    const got = value === undefined ? '–' : withUnit(value, threshold.unit)
    say(`  → ${threshold.what}: ${got}, wanted ${levelOf(threshold)}: ${verdict}`)
    if (verdict === 'missed') reached = false
  }
  return reached
}

async function main(): Promise<void> {
  const asked = commandLine(process.argv.slice(2))
  if (asked.help) return say(USAGE)
  if (asked.report) return writeReport(loadResults(RESULTS, asked.size), asked.size)
  const runner = new Runner({
    size: asked.size,
    runs: asked.runs,
    contestants: asked.contestants,
    scratch: asked.scratch ?? SCRATCH,
    tracePath: asked.trace ?? TRACE,
    say,
  })
  try {
    if (asked.check)
      return await runner.check(asked.contestants ?? contestantNames.filter((name) => name !== 'bare-log'))
    for (const benchmark of asked.only?.map(benchmarkById) ?? suite) {
      const result = await runner.run(benchmark)
      if (!asked.dry) saveResult(RESULTS, result)
      if (!sayVerdicts(benchmark, result) && asked.strict) process.exitCode = 1
    }
    if (runner.failures > 0) throw new Error(`${runner.failures} runs failed`)
  } finally {
    runner.end()
  }
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
