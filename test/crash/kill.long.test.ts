import { expect, test } from 'vitest'
import { toldOf } from './crash-result.js'
import { killCycles } from './kill.js'

test('200 processes killed in the middle of their work', async () => {
  const seed = Date.now() % 1_000_000
  const result = await killCycles({ cycles: 200, seed })
  console.log(`kills, seed ${seed}: ${toldOf(result)}`)
  expect(result.cycles).toBe(200)
  expect(result.met).toBeGreaterThan(100)
  expect(result.acknowledgements).toBeGreaterThan(2000)
  expect(result.unknown).toBeGreaterThan(200)
})
