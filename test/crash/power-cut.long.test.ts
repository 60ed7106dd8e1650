import { expect, test } from 'vitest'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { whyNoLoopDisk } from './loop-disk.js'
import { powerCuts } from './power-cut.js'

test('50 power cuts under a store', async ({ skip }) => {
  const reason = await whyNoLoopDisk(await temporaryDirectory())
  skip(reason !== null, `no power cuts here: ${reason}`)
  await expect(powerCuts({ cycles: 50, seed: Date.now() % 1_000_000 })).resolves.toMatchObject({ cycles: 50 })
})
