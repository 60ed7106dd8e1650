import type { Participation } from '../model/conversation.js'

/** Consecutive messages, both ends included. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** The stretches of the conversation that the user may see and that have messages, oldest first. */
export function visibleRanges({ intervals, head }: Participation): Range[] {
  const ranges: Range[] = []
  for (const { from, to } of intervals) {
    const end = Math.min(to ?? head, head)
    if (from <= end) ranges.push({ from, to: end })
  }
  return ranges
}

export function countIn(ranges: readonly Range[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0)
}

/** What lies below `seq`. */
export function below(ranges: readonly Range[], seq: number): Range[] {
  return ranges.filter(({ from }) => from < seq).map(({ from, to }) => ({ from, to: Math.min(to, seq - 1) }))
}

/** What lies above `seq`. */
export function above(ranges: readonly Range[], seq: number): Range[] {
  return ranges.filter(({ to }) => to > seq).map(({ from, to }) => ({ from: Math.max(from, seq + 1), to }))
}

/** The newest `count`, still oldest first. */
export function newest(ranges: readonly Range[], count: number): Range[] {
  const taken: Range[] = []
  let left = count
  for (let index = ranges.length - 1; index >= 0 && left > 0; index -= 1) {
    const { from, to } = ranges[index] as Range
    const start = Math.max(from, to - left + 1)
    taken.unshift({ from: start, to })
    left -= to - start + 1
  }
  return taken
}

/** The oldest `count`, oldest first. */
export function oldest(ranges: readonly Range[], count: number): Range[] {
  const taken: Range[] = []
  let left = count
  for (const { from, to } of ranges) {
    if (left <= 0) break
    const end = Math.min(to, from + left - 1)
    taken.push({ from, to: end })
    left -= end - from + 1
  }
  return taken
}

/** All but the newest `count`. */
export function withoutNewest(ranges: readonly Range[], count: number): Range[] {
  return oldest(ranges, Math.max(0, countIn(ranges) - count))
}
