import type { ContestantName } from '../peers/contestants.js'
import type { Figures, Threshold } from './benchmark.js'

type Levels = Pick<Threshold, 'must' | 'aim'>

function ratio(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined || other === 0 ? undefined : one / other
}

/** Columba's figure over that of the best embedded peer, for figures of which more is better. */
export function timesBestPeer(what: string, point: string, figure: string, levels: Levels): Threshold {
  const value = (figures: Figures): number | undefined =>
    ratio(figures.of(point, 'columba', figure), figures.bestPeer(point, figure))
  return { what: `${what}, × the best peer`, better: 'higher', unit: '×', value, ...levels }
}

export function timesContestant(
  what: string,
  point: string,
  figure: string,
  other: ContestantName,
  levels: Levels,
): Threshold {
  const value = (figures: Figures): number | undefined =>
    ratio(figures.of(point, 'columba', figure), figures.of(point, other, figure))
  return { what: `${what}, × ${other}`, better: 'higher', unit: '×', value, ...levels }
}

/** One point of columba's over another: growth, independence of a size. */
export function timesPoint(
  what: string,
  point: string,
  other: string,
  figure: string,
  better: Threshold['better'],
  levels: Levels,
): Threshold {
  const value = (figures: Figures): number | undefined =>
    ratio(figures.of(point, 'columba', figure), figures.of(other, 'columba', figure))
  return { what, better, unit: '×', value, ...levels }
}

export function atMost(
  what: string,
  point: string,
  figure: string,
  unit: Threshold['unit'],
  levels: Levels,
): Threshold {
  return { what, better: 'lower', unit, value: (figures) => figures.of(point, 'columba', figure), ...levels }
}
