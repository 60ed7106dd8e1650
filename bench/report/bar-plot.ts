import { CONTESTANTS, type ContestantName, contestantNames, type Role } from '../peers/contestants.js'
import { type BenchmarkResult, type Spread, spreadOf } from '../results.js'
import type { Benchmark, FigureColumn } from '../suite/benchmark.js'
import { withUnit } from '../verdicts.js'

export interface Plot {
  readonly file: string
  readonly title: string
  readonly svg: string
}

const WIDTH = 760
const LABEL_WIDTH = 170
const VALUE_WIDTH = 110
const BAR_HEIGHT = 16
const BAR_STEP = 22
const GROUP_GAP = 34
const TITLE_HEIGHT = 34
const FONT = 'font-family="system-ui, sans-serif"'
const COLOURS: Record<Role, string> = {
  measured: '#2563eb',
  embedded: '#94a3b8',
  plain: '#c2b280',
  server: '#c4b5a0',
  limit: '#d1d5db',
}
/** Readable on the white and on the black page of a code host. */
const INK = '#6b7280'

interface Bar {
  readonly name: ContestantName
  readonly spread: Spread
}

/** One plot per figure that is meant for it: a group of bars per point, whiskers from the lowest to the highest run. */
export function barPlots(benchmark: Benchmark, result: BenchmarkResult): Plot[] {
  return benchmark.columns
    .filter(({ plotted }) => plotted === true)
    .map((column) => ({
      file: `${benchmark.id.toLowerCase()}-${column.figure}.svg`,
      title: `${benchmark.title}: ${column.title}`,
      svg: draw(benchmark, result, column),
    }))
}

function draw(benchmark: Benchmark, result: BenchmarkResult, column: FigureColumn): string {
  const groups = benchmark
    .points(result.size)
    .map((point) => ({ label: point.label, bars: barsOf(result, point.key, column.figure) }))
    .filter(({ bars }) => bars.length > 0)
  const shapes: string[] = []
  let y = TITLE_HEIGHT
  for (const { label, bars } of groups) {
    shapes.push(text(0, y + 12, label, 'start', 'bold'))
    y += BAR_STEP
    const largest = Math.max(...bars.map(({ spread }) => spread.max))
    for (const bar of bars) {
      shapes.push(...drawBar(bar, y, largest, column))
      y += BAR_STEP
    }
    y += GROUP_GAP - BAR_STEP
  }
  const title = text(0, 16, `${benchmark.id}: ${benchmark.title}, ${column.title}`, 'start', 'bold')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}">
${[title, ...shapes].join('\n')}
</svg>
`
}

function barsOf(result: BenchmarkResult, point: string, figure: string): Bar[] {
  return contestantNames
    .map((name) => ({ name, spread: spreadOf(result.runs, point, name, figure) }))
    .filter((bar): bar is Bar => bar.spread !== undefined)
}

function drawBar({ name, spread }: Bar, y: number, largest: number, { unit }: FigureColumn): string[] {
  const scale = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / (largest || 1)
  const at = (value: number): string => (LABEL_WIDTH + value * scale).toFixed(1)
  const middle = y + BAR_HEIGHT / 2
  const shapes = [
    text(LABEL_WIDTH - 8, y + 12, name, 'end'),
    `<rect x="${LABEL_WIDTH}" y="${y}" width="${(spread.median * scale).toFixed(1)}" height="${BAR_HEIGHT}" ` +
      `fill="${COLOURS[CONTESTANTS[name].role]}"/>`,
    text(Number(at(spread.max)) + 8, y + 12, withUnit(spread.median, unit), 'start'),
  ]
  if (spread.runs > 1) {
    shapes.push(
      `<path d="M${at(spread.min)} ${middle}H${at(spread.max)}M${at(spread.min)} ${middle - 4}v8M${at(spread.max)} ` +
        `${middle - 4}v8" stroke="${INK}" fill="none"/>`,
    )
  }
  return shapes
}

function text(x: number, y: number, content: string, anchor: 'start' | 'end', weight = 'normal'): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return (
    `<text x="${x.toFixed(1)}" y="${y}" ${FONT} font-size="12" font-weight="${weight}" text-anchor="${anchor}" ` +
    `fill="${INK}">${escaped}</text>`
  )
}
