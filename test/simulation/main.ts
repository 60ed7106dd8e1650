import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { SeedJobs } from './seed-jobs.js'
import { simulate } from './simulation.js'

/**
 * Seeds of the simulation.
 *
 *     npm run sim -- --seed 7                      one, with the hash of its trace
 *     npm run sim -- --seed 7 --trace              the same, with everything that happens
 *     npm run sim -- --seed 1 --seeds 1000000      many, until one finds something
 *     … --jobs 2                                   on so many threads; default: one for each processor
 *     … --all                                      also behind a finding
 *
 * Interrupted, it says how it goes on.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    trace: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
  },
})
const first = Number(values.seed)
const seeds = Number(values.seeds)
const progressMs = 10_000

await (seeds === 1 ? one() : many())

async function one(): Promise<void> {
  const { hash } = await simulate(first, { onNote: values.trace ? (note) => console.log(note) : undefined })
  console.log(`seed ${first}: trace ${hash}`)
}

async function many(): Promise<void> {
  const began = performance.now()
  const seconds = (): number => (performance.now() - began) / 1000
  let told = began
  const jobs = new SeedJobs({
    first,
    seeds,
    jobs: Number(values.jobs),
    all: values.all,
    onProgress: ({ seeds: done, found }) => {
      if (performance.now() - told < progressMs) return
      told = performance.now()
      const rate = (done / seconds()).toFixed(1)
      console.log(`${done} seeds, ${rate}/s, ${found.length} found something, below ${jobs.reached} all`)
    },
  })
  const interrupt = (): void => jobs.stop()
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  const run = await jobs.run()
  for (const what of run.found) console.log(what)
  const left = first + seeds - jobs.reached
  console.log(
    `${run.seeds} seeds from ${first} on, ${run.found.length} found something, ${seconds().toFixed(0)} s, ${JSON.stringify(run.sums)}`,
  )
  if (left > 0) console.log(`to go on: npm run sim -- --seed ${jobs.reached} --seeds ${left}`)
  process.exitCode = run.found.length > 0 ? 1 : 0
}
