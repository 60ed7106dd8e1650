import { expect, test } from 'vitest'
import { killCycles } from './kill.js'

test('five processes killed in the middle of their work: nothing acknowledged is lost, nothing is there twice', async () => {
  const seed = Date.now() % 1_000_000
  await expect(killCycles({ cycles: 5, seed })).resolves.toMatchObject({ cycles: 5 })
}, 120_000)
