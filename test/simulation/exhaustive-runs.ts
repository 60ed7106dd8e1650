import { type Fault, FaultAt, type FileOperation, type Faults } from '../../src/simulation/faults.js'
import { type End, ends, Scenario } from './exhaustive.js'

export type Kind = 'once' | 'for good' | 'crash'

export const kinds: readonly Kind[] = ['once', 'for good', 'crash']

/** What is written to. Something has to go wrong with each of them, in each phase. */
const parts = {
  log: /^(?:write|sync|rename) \S*\/store\/log\//,
  bodies: /^(?:write|sync|rename) \S*\/store\/bodies\//,
  manifest: /^(?:write|sync|rename) \S*\/store\/MANIFEST/,
  shards: /^(?:write|sync|rename) \S*\/store\/shards\//,
}

export type Part = keyof typeof parts

export const partNames = Object.keys(parts) as Part[]

export type Phase = 'workload' | 'recovery' | 'recovery of the recovery'

/** Every operation, in order. */
class OperationList implements Faults {
  readonly operations: string[] = []

  next(operation: FileOperation, path: string): Fault | null {
    this.operations.push(`${operation} ${path}`)
    return null
  }
}

/** Only the operations of one part count. */
class OnPart implements Faults {
  readonly #part: Part
  readonly #faults: Faults

  constructor(part: Part, faults: Faults) {
    this.#part = part
    this.#faults = faults
  }

  next(operation: FileOperation, path: string): Fault | null {
    return parts[this.#part].test(`${operation} ${path}`) ? this.#faults.next(operation, path) : null
  }
}

/** What the workload does. */
export async function workloadOperations(): Promise<readonly string[]> {
  const list = new OperationList()
  await new Scenario(1).under(list, null)
  return list.operations
}

/** Where the workload ends for a recovery to begin: before an operation of that kind, and how far on among all of these. */
const beginnings: readonly (readonly [operation: RegExp, share: number])[] = [
  // Sends.
  [/^write \S*\/log\//, 0.3],
  [/^sync \S*\/log\//, 0.7],
  // Flushes: the body file, its name, rows.
  [/^write \S*\/bodies\//, 0.4],
  [/^rename \S*\/bodies\//, 0.6],
  [/^write \S*\/shards\/\d+\/\d+\.log/, 0.8],
  // Checkpoints: evidence, manifest, segments that go.
  [/^syncDirectory \S*\/shards\/\d+$/, 0.6],
  [/^rename \S*\/store\/MANIFEST/, 0.5],
  [/^unlink \S*\/log\/segment/, 0.5],
  // A rotation.
  [/^rename \S*\/log\/next/, 0.6],
  // The end of a close.
  [/^rename \S*\/store\/MANIFEST/, 1],
]

/** A recovery to be broken. */
export interface Recovery {
  /** The operation of the workload before which that ended, and how. */
  readonly crashAt: number
  readonly end: End
  /** What the opening does, and the checkpoint behind it. */
  readonly operations: readonly string[]
}

/** How many recoveries `recoveryFrom` knows: from each of the beginnings, by each of the ends. */
export const recoveries = beginnings.length * ends.length

/** Every ten of them in a row, and every three that are ten apart, have something of everything. */
export async function recoveryFrom(workload: readonly string[], number: number): Promise<Recovery> {
  const [operation, share] = beginnings[number % beginnings.length] as (typeof beginnings)[number]
  const end = ends[(number + Math.floor(number / beginnings.length)) % ends.length] as End
  const found = workload.flatMap((one, at) => (operation.test(one) ? [at + 1] : []))
  const crashAt = found[Math.floor(share * (found.length - 1))]
  if (crashAt === undefined) throw new Error(`the workload has no ${operation.source}`)
  const scenario = new Scenario(1)
  await scenario.under(new FaultAt(crashAt, 'crash'), end)
  const list = new OperationList()
  await scenario.under(list, null)
  const { opening } = scenario
  const checkpoint = list.operations.findIndex(
    (one, at) => at >= opening && /^rename \S*\/store\/MANIFEST/.test(one),
  )
  const length = Math.min(checkpoint < 0 ? opening : checkpoint + 1, 1.5 * opening)
  return { crashAt, end, operations: list.operations.slice(0, length) }
}

/** The gaps between fractions of its multiples are never very different. */
const golden = (Math.sqrt(5) - 1) / 2
const fraction = (value: number): number => value - Math.floor(value)

/** Numbers, from 1, of so many operations, evenly spread; and of one of each part, as far as they are there. */
export function spread(operations: readonly string[], count: number, shift: number): number[] {
  const numbers = new Set<number>()
  for (const part of partNames) {
    const found = operations.flatMap((one, at) => (parts[part].test(one) ? [at + 1] : []))
    const chosen = found[Math.floor(found.length * shift)]
    if (chosen !== undefined) numbers.add(chosen)
  }
  for (let i = 0; numbers.size < Math.min(count, operations.length); i++)
    numbers.add(1 + Math.floor(operations.length * fraction(i * golden + shift)))
  return [...numbers]
}

/** Runs in each of which something goes wrong, and what became of them. */
export class Breaks {
  readonly failures: string[] = []
  readonly #kind: Kind
  readonly #hit: Readonly<Record<Phase, Set<Part>>> = {
    workload: new Set(),
    recovery: new Set(),
    'recovery of the recovery': new Set(),
  }
  #runs = 0

  constructor(kind: Kind) {
    this.#kind = kind
  }

  /** Parts with which something went wrong in that phase. */
  hit(phase: Phase): Part[] {
    return partNames.filter((part) => this.#hit[phase].has(part))
  }

  /** The nth operation of the workload goes wrong; then all is well again. */
  async workload(nth: number, end: End): Promise<void> {
    const scenario = new Scenario(1)
    const fault = new FaultAt(nth, this.#kind)
    await this.#attempt(`the workload (${nth}, ${end})`, [['workload', fault]], async () => {
      await scenario.under(fault, end)
      await scenario.verify()
    })
  }

  /**
   * The nth operation of a recovery goes wrong, and then there is a crash in the recovery of that: before any of its operations,
   * from run to run, or of those of `part`.
   */
  async recovery({ crashAt, end, operations }: Recovery, nth: number, part?: Part): Promise<void> {
    const run = this.#runs
    const scenario = new Scenario(1)
    const fault = new FaultAt(nth, this.#kind)
    const among = part === undefined ? operations : operations.filter((one) => parts[part].test(one))
    const then = new FaultAt(1 + Math.floor(among.length * fraction(run * golden)), 'crash')
    const what = `the recovery behind ${crashAt} (${end}; ${nth}; ${run}, ${part})`
    await this.#attempt(
      what,
      [
        ['recovery', fault],
        ['recovery of the recovery', then],
      ],
      async () => {
        await scenario.under(new FaultAt(crashAt, 'crash'), end)
        await scenario.under(fault, ends[run % ends.length] as End)
        const faults = part === undefined ? then : new OnPart(part, then)
        await scenario.under(faults, ends[Math.floor(run / ends.length) % ends.length] as End)
        await scenario.verify()
      },
    )
  }

  async #attempt(
    what: string,
    faults: readonly (readonly [Phase, FaultAt])[],
    run: () => Promise<void>,
  ): Promise<void> {
    this.#runs++
    try {
      await run()
    } catch (error) {
      const hits = faults.map(([, { hit }]) => hit).join(', ')
      this.failures.push(`${what}, ${this.#kind}, ${hits}: ${(error as Error).message.slice(0, 300)}`)
    }
    for (const [phase, { hit }] of faults)
      for (const part of partNames) if (hit !== null && parts[part].test(hit)) this.#hit[phase].add(part)
  }
}
