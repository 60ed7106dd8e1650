import type { Sample } from './samples.js'

const MiB = 1024 * 1024

export interface Series {
  readonly name: string
  readonly of: (sample: Sample) => number
  readonly shown: (value: number) => string
  /** How much it may rise over the second half of the run; undefined for what grows with what is stored. */
  readonly mayRise?: number
}

const megabytes = (value: number): string => `${(value / MiB).toFixed(0)} MiB`

/** What is looked at. The log swings between checkpoints, memory with garbage collection: a trend is what counts. */
export const series: readonly Series[] = [
  { name: 'anonymous memory', of: (sample) => sample.rssAnonBytes, shown: megabytes, mayRise: 64 * MiB },
  { name: 'heap', of: (sample) => sample.heapBytes, shown: megabytes, mayRise: 48 * MiB },
  { name: 'open files', of: (sample) => sample.openFiles, shown: (value) => value.toFixed(0), mayRise: 40 },
  { name: 'log', of: (sample) => sample.logBytes, shown: megabytes, mayRise: 64 * MiB },
  { name: 'directory', of: (sample) => sample.directoryBytes, shown: megabytes },
]

/** By how much the straight line through the second half of the samples rises from its one end to the other. */
export function riseOfSecondHalf(samples: readonly Sample[], of: Series['of']): number {
  const half = samples.slice(Math.floor(samples.length / 2))
  const first = half[0]
  const last = half.at(-1)
  if (first === undefined || last === undefined || half.length < 3) return 0
  const meanX = half.reduce((sum, { sends }) => sum + sends, 0) / half.length
  const meanY = half.reduce((sum, sample) => sum + of(sample), 0) / half.length
  let covariance = 0
  let variance = 0
  for (const sample of half) {
    covariance += (sample.sends - meanX) * (of(sample) - meanY)
    variance += (sample.sends - meanX) ** 2
  }
  return (covariance / variance) * (last.sends - first.sends)
}

/** What is not flat, one sentence each. */
export function notFlat(samples: readonly Sample[]): string[] {
  return series.flatMap(({ name, of, shown, mayRise }) => {
    const rise = riseOfSecondHalf(samples, of)
    return mayRise === undefined || rise <= mayRise
      ? []
      : [`${name} rises by ${shown(rise)} over the second half, at most ${shown(mayRise)} is flat`]
  })
}
