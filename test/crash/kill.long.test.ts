import { expect, test } from 'vitest'
import { toldOf } from './crash-result.js'
import { killedCreations } from './creation.js'
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

test('ten processes that are killed while they make a store: the next one makes it', async () => {
  const seed = Date.now() % 1_000_000
  const result = await killedCreations(10, seed)
  console.log(`killed creations, seed ${seed}: ${toldOf(result)}`)
  expect(result.met).toBeGreaterThanOrEqual(10)
  expect(result.acknowledgements).toBeGreaterThan(1000)
})
