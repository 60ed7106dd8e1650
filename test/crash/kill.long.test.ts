import { expect, test } from 'vitest'
import { killCycles } from './kill.js'

test('200 processes killed in the middle of their work', async () => {
  const seed = Date.now() % 1_000_000
  await expect(killCycles({ cycles: 200, seed })).resolves.toMatchObject({ cycles: 200 })
})
