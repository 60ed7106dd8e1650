import { expect, test } from 'vitest'
import { killCycles } from './kill.js'

test('ten processes killed in the middle of their work: nothing acknowledged is lost, nothing is there twice', async () => {
  const seed = Date.now() % 1_000_000
  await expect(killCycles({ cycles: 10, seed })).resolves.toMatchObject({ cycles: 10 })
})
