import type { ContestantName } from '../peers/contestants.js'
import { type BenchmarkResult, spreadOf } from '../results.js'
import { withUnit } from '../verdicts.js'
import { table } from './tables.js'

const BEGIN = '<!-- Figures: `npm --prefix bench run report` writes them from the results. -->'
const END = '<!-- End of the figures. -->'

const NAMES: readonly (readonly [ContestantName, string])[] = [
  ['columba', 'columba'],
  ['better-sqlite3-plain', 'SQLite, with its tables as one draws them'],
  ['better-sqlite3', 'SQLite, as fast as we could make it'],
  ['postgresql', 'PostgreSQL on the same machine, as fast as we could make it'],
  ['redis', 'Redis on the same machine, as fast as we could make it'],
]
const FIGURES = ['perSecond', 'listsPerSecond']

/** The README with the figures of the benchmark `first` between the marks: what somebody asks who has not decided yet. */
export function withFigures(readme: string, first: BenchmarkResult): string {
  const begin = readme.indexOf(BEGIN)
  const end = readme.indexOf(END)
  if (begin < 0 || end < begin) throw new Error('the README has no place for the figures')
  const point = Object.keys(first.runs)[0]!
  let runs = 0
  const measured = NAMES.filter(([contestant]) => first.runs[point]![contestant] !== undefined)
  const rows = measured.map(([contestant, name]) => [
    name,
    ...FIGURES.map((figure) => {
      const found = spreadOf(first.runs, point, contestant, figure)
      runs = Math.max(runs, found?.runs ?? 0)
      return found === undefined ? '–' : withUnit(found.median, '/s')
    }),
  ])
  const { cores, node } = first.machine
  const text = `${table(['a second', 'sends', 'lists of 20'], rows)}

Medians of ${runs} runs on ${cores} virtual cores, ${first.measuredAt.slice(0, 10)}, Node ${node.slice(1)}. A send is answered when it is synced to the disk (SQLite: WAL,
\`synchronous=FULL\`; PostgreSQL: \`synchronous_commit=on\`; Redis: \`appendfsync always\`; one transaction or script for all that waits); 256 are in flight, chat-like, behind 50,000 others; texts of about 100 bytes. Lists are of
users who were looked at before. [More, and what is slower](docs/benchmarks.md).`
  return `${readme.slice(0, begin)}${BEGIN}\n\n${text}\n\n${readme.slice(end)}`
}
