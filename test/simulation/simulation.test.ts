import { expect, test } from 'vitest'
import { lackingIn, runSeeds } from './run-seeds.js'
import { SeedJobs } from './seed-jobs.js'
import { simulate } from './simulation.js'

const fastMs = 12_000
/** Fewer would say little, by chance. */
const leastSeeds = 20

test('the same seed gives the same trace', async () => {
  for (const seed of [11, 12, 13]) expect(await simulate(seed)).toEqual(await simulate(seed))
})

test('seeds give the same on several threads', async () => {
  const jobs = new SeedJobs({ first: 11, seeds: 12, jobs: 2, atOnce: 5 })
  expect(await jobs.run()).toEqual(await runSeeds(11, 12))
  expect(jobs.reached).toBe(23)
})

test('up to 500 seeds end with everything as it must be', async () => {
  const run = await runSeeds(1, 500, { now: Date.now, ms: fastMs })
  console.log(`${run.seeds} seeds: ${JSON.stringify(run.sums)}`)
  expect(run.found).toEqual([])
  expect(run.seeds).toBeGreaterThanOrEqual(leastSeeds)
  expect(lackingIn(run)).toEqual([])
}, 120_000)
