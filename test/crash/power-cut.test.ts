import { expect, test } from 'vitest'
import { needs } from '../fixtures/rigs.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { whyNoLoopDisk } from './loop-disk.js'
import { powerCuts } from './power-cut.js'

test('two power cuts under a store: nothing acknowledged is lost', async (context) => {
  needs('power-cuts', await whyNoLoopDisk(await temporaryDirectory()), context)
  const seed = Date.now() % 1_000_000
  const result = await powerCuts({ cycles: 2, seed })
  expect(result, `seed ${seed}`).toMatchObject({ cycles: 2, met: 2 })
  expect(result.acknowledgements, `seed ${seed}`).toBeGreaterThan(2)
}, 120_000)
