import type { Figures, Threshold, Verdict } from './suite/benchmark.js'

export interface Judged {
  readonly threshold: Threshold
  readonly value: number | undefined
  readonly verdict: Verdict
}

export function judge(threshold: Threshold, figures: Figures): Judged {
  const value = threshold.value(figures)
  if (value === undefined || !Number.isFinite(value))
    return { threshold, value: undefined, verdict: 'not measured' }
  const reaches = (level: number): boolean =>
    threshold.better === 'higher' ? value >= level : value <= level
  const verdict = !reaches(threshold.must)
    ? 'missed'
    : threshold.aim !== undefined && reaches(threshold.aim)
      ? 'aim'
      : 'must'
  return { threshold, value, verdict }
}

const SIGNS = { higher: '≥', lower: '≤' }

export function readable(value: number): string {
  return Math.abs(value) >= 100
    ? Math.round(value).toLocaleString('en')
    : String(Number(value.toPrecision(3)))
}

/** A figure with its unit: `4.2 ×`, `0.8 ms`; rates have theirs in the heading. */
export function withUnit(value: number, unit: string): string {
  return unit === '' || unit === '/s' ? readable(value) : `${readable(value)} ${unit}`
}

export function levelOf({ better, must, aim, unit }: Threshold): string {
  const wanted = `${SIGNS[better]} ${withUnit(must, unit)}`
  return aim === undefined ? wanted : `${wanted} (${withUnit(aim, unit)})`
}
