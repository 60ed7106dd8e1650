import { expect, onTestFinished, test } from 'vitest'
import { openMessageStore } from '../../src/index.js'
import { collectGarbage } from '../fixtures/collect-garbage.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

function heapBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

// A store that is only read from never grows, so nothing in it is ever brought back under its budget.
test('who looks for conversations that are not there leaves nothing behind in memory', async () => {
  const store = await openMessageStore({ location: await temporaryDirectory() })
  onTestFinished(() => store.close())
  // Not with `expect`, which keeps a little of each promise that it is given.
  const look = async (from: number, to: number): Promise<void> => {
    for (let i = from; i < to; i++) await store.getConversation('ann', `nothing ${i}`).catch(() => null)
  }
  await look(0, 1000)
  const before = heapBytes()
  await look(1000, 21_000)
  // Each of them was kept with some 400 bytes.
  expect(heapBytes() - before).toBeLessThan(3 * 1024 * 1024)
})
