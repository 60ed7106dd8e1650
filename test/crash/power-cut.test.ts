import { expect, test } from 'vitest'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { whyNoLoopDisk } from './loop-disk.js'
import { powerCuts } from './power-cut.js'

test('two power cuts under a store: nothing acknowledged is lost', async ({ skip }) => {
  const reason = await whyNoLoopDisk(await temporaryDirectory())
  skip(reason !== null, `no power cuts here: ${reason}`)
  await expect(powerCuts({ cycles: 2, seed: Date.now() % 1_000_000 })).resolves.toMatchObject({ cycles: 2 })
}, 120_000)
