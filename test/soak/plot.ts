import type { Series } from './flatness.js'
import type { Sample } from './samples.js'

const width = 720
const panel = 110
const left = 130
const right = 20

/** One panel per series, all over the number of sends. */
export function plot(title: string, samples: readonly Sample[], series: readonly Series[]): string {
  const most = Math.max(...samples.map(({ sends }) => sends))
  const height = 40 + series.length * panel + 20
  const panels = series.map((one, i) => panelOf(one, samples, most, 40 + i * panel))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">
<rect width="${width}" height="${height}" fill="#fff"/>
<text x="${left}" y="20" font-size="14">${title}</text>
${panels.join('\n')}
<text x="${left}" y="${height - 6}">0</text>
<text x="${width - right}" y="${height - 6}" text-anchor="end">${most.toLocaleString('en')} sends</text>
</svg>
`
}

function panelOf({ name, of, shown }: Series, samples: readonly Sample[], most: number, top: number): string {
  const highest = Math.max(1, ...samples.map(of))
  const inner = panel - 25
  const x = (sends: number): string => (left + (sends / most) * (width - left - right)).toFixed(1)
  const y = (value: number): string => (top + inner - (value / highest) * inner).toFixed(1)
  const points = samples.map((sample) => `${x(sample.sends)},${y(of(sample))}`).join(' ')
  return `<line x1="${left}" x2="${width - right}" y1="${top + inner}" y2="${top + inner}" stroke="#999"/>
<text x="${left - 8}" y="${top + 12}" text-anchor="end">${shown(highest)}</text>
<text x="${left - 8}" y="${top + inner}" text-anchor="end">${name}</text>
<polyline points="${points}" fill="none" stroke="#2563eb" stroke-width="1.5"/>`
}
