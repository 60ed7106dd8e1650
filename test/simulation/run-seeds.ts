import { simulate } from './simulation.js'

/** What happened, over all seeds. */
export type Sums = Readonly<Record<'turns' | 'crashes' | 'faults' | 'calls' | 'acknowledged', number>>

export interface SeedRun {
  readonly seeds: number
  /** What was found, each with the command that shows it again. */
  readonly found: readonly string[]
  readonly sums: Sums
}

export const noSums: Sums = { turns: 0, crashes: 0, faults: 0, calls: 0, acknowledged: 0 }

export function addSums(one: Sums, other: Sums): Sums {
  return {
    turns: one.turns + other.turns,
    crashes: one.crashes + other.crashes,
    faults: one.faults + other.faults,
    calls: one.calls + other.calls,
    acknowledged: one.acknowledged + other.acknowledged,
  }
}

/** Runs seeds from `first` on, as many as `count`, or until `untilMs` (by `now`). */
export async function runSeeds(
  first: number,
  count: number,
  until: { readonly now: () => number; readonly ms: number } = { now: () => 0, ms: Infinity },
): Promise<SeedRun> {
  const found: string[] = []
  let sums = noSums
  const end = until.now() + until.ms
  let seeds = 0
  for (; seeds < count && until.now() < end; seeds++) {
    try {
      sums = addSums(sums, await simulate(first + seeds))
    } catch (error) {
      const said = error instanceof Error ? (error.stack ?? error.message) : String(error)
      found.push(`seed ${first + seeds} found: ${said}\nreplay: npm run sim -- --seed ${first + seeds}`)
    }
  }
  return { seeds, found, sums }
}
