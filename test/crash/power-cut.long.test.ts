import { beforeEach, expect, test } from 'vitest'
import { needs } from '../fixtures/rigs.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { toldOf } from './crash-result.js'
import { cutCreations } from './creation.js'
import { whyNoLoopDisk } from './loop-disk.js'
import { powerCuts } from './power-cut.js'

beforeEach(async (context) => {
  needs('power-cuts', await whyNoLoopDisk(await temporaryDirectory()), context)
})

test('50 power cuts under a store', async () => {
  const seed = Date.now() % 1_000_000
  const result = await powerCuts({ cycles: 50, seed })
  console.log(`power cuts, seed ${seed}: ${toldOf(result)}`)
  expect(result).toMatchObject({ cycles: 50, met: 50 })
  expect(result.acknowledgements).toBeGreaterThan(500)
  expect(result.unknown).toBeGreaterThan(50)
})

test('ten power cuts while a store is made: the next process makes it', async () => {
  const seed = Date.now() % 1_000_000
  const result = await cutCreations(10, seed)
  console.log(`cut creations, seed ${seed}: ${toldOf(result)}`)
  expect(result.met).toBeGreaterThanOrEqual(10)
  expect(result.acknowledgements).toBeGreaterThan(1000)
})
