import { simulate, type SimulationResult } from './simulation.js'

export interface SeedRun {
  readonly seeds: number
  /** What was found, each with the command that shows it again. */
  readonly found: readonly string[]
  readonly sums: Readonly<Record<'turns' | 'crashes' | 'faults' | 'calls' | 'acknowledged', number>>
}

/** Runs seeds from `first` on, as many as `count`, or until `untilMs` (by `now`). */
export async function runSeeds(
  first: number,
  count: number,
  until: { readonly now: () => number; readonly ms: number } = { now: () => 0, ms: Infinity },
): Promise<SeedRun> {
  const found: string[] = []
  const sums = { turns: 0, crashes: 0, faults: 0, calls: 0, acknowledged: 0 }
  const end = until.now() + until.ms
  let seeds = 0
  for (; seeds < count && until.now() < end; seeds++) {
    try {
      add(sums, await simulate(first + seeds))
    } catch (error) {
      found.push(`${(error as Error).message}\nreplay: npm run sim -- --seed ${first + seeds}`)
    }
  }
  return { seeds, found, sums }
}

function add(
  sums: Record<'turns' | 'crashes' | 'faults' | 'calls' | 'acknowledged', number>,
  one: SimulationResult,
): void {
  for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += one[name]
}
