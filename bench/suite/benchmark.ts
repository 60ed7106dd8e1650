import type { Contestant, LiveContestant } from '../peers/contestant.js'
import type { ContestantName } from '../peers/contestants.js'

export type Size = 'short' | 'full'

/** What one run of one contestant measured, by name of the figure. */
export type Measured = Readonly<Record<string, number>>

/** A store that is filled once per contestant and then used by many runs. */
export interface Dataset {
  readonly name: string
  fill(contestant: Contestant): Promise<void>
}

/** One thing that is measured, for several contestants in turn. */
export interface Point {
  readonly key: string
  readonly label: string
  readonly contestants: readonly ContestantName[]
  readonly parameters: Readonly<Record<string, number>>
  readonly dataset?: string
  /** Reads only, so that all runs may use the dataset in place; otherwise each run gets a copy. */
  readonly readsOnly?: boolean
  /** Whose sustained rate of sends (256 in flight) `Run.sendsPerSecond` tells; measured first if need be. */
  readonly rateOf?: ContestantName | 'self'
  readonly needsTrace?: boolean
  /** Fewer runs than the others, where one takes very long. */
  readonly runs?: Partial<Record<Size, number>>
}

export interface Run {
  readonly point: Point
  readonly size: Size
  readonly contestant: ContestantName
  readonly directory: string
  readonly sendsPerSecond: number
  readonly tracePath: string
  open(): Promise<Contestant>
  /** Only for points whose contestants can do it. */
  openLive(): Promise<LiveContestant>
}

export type Verdict = 'aim' | 'must' | 'missed' | 'not measured'

export interface Threshold {
  readonly what: string
  readonly better: 'higher' | 'lower'
  readonly must: number
  readonly aim?: number
  readonly unit: '×' | 'ms' | 's' | 'MiB' | '/s' | 'bytes'
  value(figures: Figures): number | undefined
}

/** Medians of what was measured. */
export interface Figures {
  of(point: string, contestant: ContestantName, figure: string): number | undefined
  /** The best of the embedded peers that took part, by a figure of which more is better. */
  bestPeer(point: string, figure: string): number | undefined
}

/** What the report shows of a benchmark: a column and a bar per figure. */
export interface FigureColumn {
  readonly figure: string
  readonly title: string
  readonly unit: string
  readonly plotted?: boolean
}

export interface Benchmark {
  readonly id: string
  readonly title: string
  readonly workload: string
  readonly runs: Readonly<Record<Size, number>>
  readonly columns: readonly FigureColumn[]
  readonly thresholds: readonly Threshold[]
  datasets?(size: Size): readonly Dataset[]
  points(size: Size): readonly Point[]
  measure(run: Run): Promise<Measured>
}
