import { closeSync, openSync, readFileSync } from 'node:fs'
import { SeededChance } from '../../src/backend/reference/seeded-chance.js'
import { isColumbaError } from '../../src/errors.js'
import type { Clock } from '../../src/platform/clock.js'
import { systemClock } from '../../src/platform/clock.js'
import { openCrashStore, variantNamed } from './crash-store.js'
import { refusedExit } from './crash-world.js'
import type { WorkerPlan } from './crash-world.js'
import { Journal } from './journal.js'
import { Workload } from './workload.js'

// A process that works on a store until it is killed, or until it ends as its plan (a file) says.

const hour = 3_600_000

/** What opening and closing may say of a fault that was put in their way; of a disk that cannot be trusted it is CORRUPT. */
const saidOfFaults: ReadonlySet<string> = new Set(['POISONED', 'NO_SPACE', 'OVERLOADED', 'CORRUPT'])

/** Takes all file descriptors that the system gives this process, but for so many. */
function leaveDescriptors(count: number): void {
  const taken: number[] = []
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EMFILE') throw error
  }
  for (const descriptor of taken.slice(0, count)) closeSync(descriptor)
}

/** A wall clock that somebody sets back and forth. */
function jumpingClock(seed: number): Clock {
  const chance = new SeededChance(seed)
  let offset = 0
  return {
    ...systemClock,
    now() {
      if (chance.happens(0.01)) offset = chance.below(2 * hour) - hour
      return systemClock.now() + offset
    },
  }
}

const endings: Readonly<Record<WorkerPlan['ending'], (close: () => Promise<void>) => Promise<void> | void>> =
  {
    close: (close) => close(),
    exit: () => process.exit(7),
    throw: () => {
      setImmediate(() => {
        throw new Error('nobody catches this')
      })
    },
    reject: () => {
      void Promise.reject(new Error('nobody handles this'))
    },
    terminate: async (close) => {
      const terminated = new Promise<void>((resolve) => process.once('SIGTERM', () => resolve()))
      const alive = setInterval(() => undefined, 1000)
      process.kill(process.pid, 'SIGTERM')
      await terminated
      await close()
      clearInterval(alive)
    },
    wait: () => new Promise(() => setInterval(() => undefined, 1000)),
  }

async function work(plan: WorkerPlan, journal: Journal): Promise<void> {
  const clock = plan.clockJumps ? jumpingClock(plan.seed) : systemClock
  if (plan.descriptors !== null) leaveDescriptors(plan.descriptors)
  process.stdout.write('started\n')
  const store = await openCrashStore({ location: plan.location, variant: variantNamed(plan.variant), clock })
  journal.write({ line: 'opened' })
  process.stdout.write('opened\n')
  const workload = new Workload(store, plan, journal)
  const close = async (): Promise<void> => {
    workload.ended = true
    await store.close()
    journal.write({ line: 'closed' })
  }
  // Ends other than by waiting come while calls are under way.
  const all = workload.run()
  if (plan.ending === 'wait' || plan.ending === 'close') await all
  else await new Promise((resolve) => setTimeout(resolve, plan.seed % 60))
  await endings[plan.ending](close)
  await all
}

const plan = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as WorkerPlan
const journal = new Journal(plan.journal)
try {
  await work(plan, journal)
} catch (error) {
  // Calls have told of their errors: this is what opening or closing said.
  if (!plan.faults || !isColumbaError(error) || !saidOfFaults.has(error.code)) throw error
  journal.write({ line: 'fault', code: error.code })
  process.exit(refusedExit)
}
