import { expect, test } from 'vitest'
import { whyNoStrace } from '../../crash/injected.js'
import {
  changesOnReal,
  changesOnSimulated,
  levelFailures,
  playOnReal,
  playOnSimulated,
} from './level-failures.js'

const reason = whyNoStrace()

test.each(Object.entries(levelFailures))('the simulated LevelDB: %s', async (_, failure) => {
  expect(await playOnSimulated(failure)).toEqual({ told: failure.told, failed: true })
})

test.for(Object.entries(levelFailures))('the real LevelDB: %s', async ([, failure], { skip }) => {
  skip(reason !== null, reason ?? '')
  expect(await playOnReal(failure)).toEqual({ told: failure.toldReal ?? failure.told, failed: true })
})

test('the simulated LevelDB makes, syncs, renames and removes files in the order of the real one', async ({
  skip,
}) => {
  skip(reason !== null, reason ?? '')
  // A log that is full is left without a sync; neither the first list nor its name is synced.
  const script = { rowBytes: 40_000, steps: 'open a b c flush d flush e close open f close' }
  const real = await changesOnReal(script)
  expect(real.length).toBeGreaterThan(30)
  expect(await changesOnSimulated(script)).toEqual(real)
})
