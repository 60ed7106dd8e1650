import { expect, test } from 'vitest'
import { variantNamed } from './crash-store.js'
import { killCycles } from './kill.js'

test('five processes killed in the middle of their work: nothing acknowledged is lost, nothing is there twice', async () => {
  const seed = Date.now() % 1_000_000
  await expect(killCycles({ cycles: 5, seed })).resolves.toMatchObject({ cycles: 5 })
}, 120_000)

test('five more that flush on a thread', async () => {
  const seed = Date.now() % 1_000_000
  const variants = [variantNamed('every flush on its thread')]
  await expect(killCycles({ cycles: 5, seed, variants })).resolves.toMatchObject({ cycles: 5 })
}, 120_000)
