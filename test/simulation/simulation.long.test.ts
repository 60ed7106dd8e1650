import { expect, test } from 'vitest'
import { lackingIn, runSeeds } from './run-seeds.js'

const seedsInEach = 2500

/** Other seeds than the fast tier has. */
test.each([100_000, 200_000])('seeds from %i on end with everything as it must be', async (first) => {
  const run = await runSeeds(first, seedsInEach)
  console.log(`${run.seeds} seeds: ${JSON.stringify(run.sums)}`)
  expect(run.found).toEqual([])
  expect(lackingIn(run)).toEqual([])
})
