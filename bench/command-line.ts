import { parseArgs } from 'node:util'
import { type ContestantName, contestantNames } from './peers/contestants.js'
import type { Size } from './suite/benchmark.js'

export const USAGE = `npm run bench -- [options]
  --full            the full size of everything (hours); otherwise the short one (minutes)
  --only B1,B3      these benchmarks; 'first' is the shortest look
  --runs 7          runs of each, instead of 1 (short) or 7 (full)
  --contestants A,B only these: ${contestantNames.join(', ')}
  --trace FILE      the trace of B6, lines of 'sender receiver unixSeconds'
  --scratch DIR     where the stores are made (the disk that is measured)
  --check           no measuring: holds every contestant to the promises that all compete under
  --report          no measuring: writes docs/benchmarks.md from the results of the size
  --strict          fail if anything that was wanted is missed
  --dry             keep no results`

export interface CommandLine {
  readonly size: Size
  readonly only: readonly string[] | undefined
  readonly runs: number | undefined
  readonly contestants: readonly ContestantName[] | undefined
  readonly trace: string | undefined
  readonly scratch: string | undefined
  readonly check: boolean
  readonly report: boolean
  readonly strict: boolean
  readonly dry: boolean
  readonly help: boolean
}

const list = (text: string | undefined): string[] | undefined => text?.split(',').map((item) => item.trim())

export function commandLine(words: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...words],
    options: {
      full: { type: 'boolean', default: false },
      only: { type: 'string' },
      runs: { type: 'string' },
      contestants: { type: 'string' },
      trace: { type: 'string' },
      scratch: { type: 'string' },
      check: { type: 'boolean', default: false },
      report: { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
      dry: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const runs = values.runs === undefined ? undefined : Number(values.runs)
  if (runs !== undefined && !(Number.isInteger(runs) && runs > 0)) throw new Error('--runs must be 1 or more')
  const contestants = list(values.contestants)
  const unknown = contestants?.find((name) => !(contestantNames as string[]).includes(name))
  if (unknown !== undefined)
    throw new Error(`there is no contestant ${unknown}: ${contestantNames.join(', ')}`)
  return {
    size: values.full ? 'full' : 'short',
    only: list(values.only),
    runs,
    contestants: contestants as ContestantName[] | undefined,
    trace: values.trace,
    scratch: values.scratch,
    check: values.check,
    report: values.report,
    strict: values.strict,
    dry: values.dry,
    help: values.help,
  }
}
