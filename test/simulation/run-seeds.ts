import { simulate } from './simulation.js'

const summed = [
  'turns',
  'crashes',
  'midway',
  'closings',
  'faults',
  'bitsTurned',
  'calls',
  'acknowledged',
  'told',
] as const

/** What happened, over all seeds. */
export type Sums = Readonly<Record<(typeof summed)[number], number>>

export interface SeedRun {
  readonly seeds: number
  /** What was found, each with the command that shows it again. */
  readonly found: readonly string[]
  readonly sums: Sums
}

/** Far below what is usual, for each seed: where no calls are made, or nothing goes wrong, nothing is found either. */
const leastPerSeed: Partial<Sums> = {
  calls: 40,
  acknowledged: 10,
  told: 3,
  crashes: 2,
  midway: 0.5,
  closings: 0.1,
  faults: 0.3,
  bitsTurned: 0.1,
}

export const noSums = sumsOf(() => 0)

export function addSums(one: Sums, other: Sums): Sums {
  return sumsOf((name) => one[name] + other[name])
}

/** What there was too little of for the seeds to mean anything. */
export function lackingIn({ seeds, sums }: SeedRun): string[] {
  return summed.filter((name) => sums[name] < (leastPerSeed[name] ?? 0) * seeds)
}

function sumsOf(sum: (name: keyof Sums) => number): Sums {
  return Object.fromEntries(summed.map((name) => [name, sum(name)])) as Record<keyof Sums, number>
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
