import { expect, test } from 'vitest'
import { variantNamed } from './crash-store.js'
import { killCycles } from './kill.js'

test('five processes killed in the middle of their work: nothing acknowledged is lost, nothing is there twice', async () => {
  const seed = Date.now() % 1_000_000
  const result = await killCycles({ cycles: 5, seed })
  expect(result, `seed ${seed}`).toMatchObject({ cycles: 5 })
  expect(result.met, `seed ${seed}`).toBeGreaterThan(0)
  expect(result.acknowledgements, `seed ${seed}`).toBeGreaterThan(5)
}, 120_000)

test('five more that flush on a thread', async () => {
  const seed = Date.now() % 1_000_000
  const variants = [variantNamed('every flush on its thread')]
  const result = await killCycles({ cycles: 5, seed, variants })
  expect(result, `seed ${seed}`).toMatchObject({ cycles: 5 })
  expect(result.met, `seed ${seed}`).toBeGreaterThan(0)
  expect(result.acknowledgements, `seed ${seed}`).toBeGreaterThan(5)
}, 120_000)
