import { bodyFileOf, cutOf, levelOf } from '../../formats/body-file.js'

/** Files whose messages go into another one. */
export interface Merge {
  /** Neighbours, oldest first. */
  readonly inputs: readonly number[]
  readonly output: number
}

/**
 * A merge that has written its file and not yet removed all of what went into it: then there are files of lower levels
 * within the range of one of a higher level. Levels never rise from older to younger files, so a file holds all
 * generations up to its own cut that no older file holds.
 */
export function unfinishedMerge(files: readonly number[]): Merge | null {
  const inDoubt = (file: number, by: number): boolean =>
    levelOf(by) > levelOf(file) && cutOf(by) >= cutOf(file)
  for (const output of byAge(files)) {
    if (files.some((other) => inDoubt(output, other))) continue
    const inputs = byAge(files.filter((file) => inDoubt(file, output)))
    if (inputs.length > 0) return { inputs, output }
  }
  return null
}

/**
 * What could be merged next, best first: of each level with at least `enough` files whose generations are at or below the
 * checkpoint, the oldest, up to twice as many. Nothing younger may be touched: recovery would write its rows anew.
 */
export function possibleMerges(files: readonly number[], checkpoint: number, enough: number): number[][] {
  const levels = new Map<number, number[]>()
  for (const file of byAge(files)) {
    if (cutOf(file) > checkpoint) continue
    const level = levels.get(levelOf(file))
    if (level === undefined) levels.set(levelOf(file), [file])
    else level.push(file)
  }
  return [...levels]
    .sort(([a], [b]) => a - b)
    .map(([, all]) => all.slice(0, 2 * enough))
    .filter((inputs) => inputs.length >= enough)
}

/**
 * Files that may be merged though these cannot be read: older ones, and ones of lower levels. Anything else would come to be
 * of a higher level and younger, as if the damaged one had gone into it.
 */
export function beside(damaged: ReadonlySet<number>, files: readonly number[]): number[] {
  return files.filter((file) =>
    [...damaged].every((one) => cutOf(file) < cutOf(one) || levelOf(file) < levelOf(one)),
  )
}

/** The merge of these files, oldest first and all of one level. */
export function mergeOf(inputs: readonly number[]): Merge {
  const last = inputs.at(-1) as number
  return { inputs, output: bodyFileOf(levelOf(last) + 1, cutOf(last)) }
}

function byAge(files: readonly number[]): number[] {
  return files.toSorted((a, b) => cutOf(a) - cutOf(b))
}
