import { expect, test } from 'vitest'
import { OperationCount } from '../../src/simulation/faults.js'
import { SimulatedWorld } from '../../src/simulation/simulated-world.js'
import { smallSettings, smallTuning } from '../simulation/exhaustive.js'

/** Stores that are never closed: each process is killed behind the same few calls. */

const checkpointBytes = 16 * 1024

interface Left {
  readonly segments: number
  readonly bytes: number
}

/** What the log holds in each of so many processes, before it is killed. */
async function processes(count: number, messages: number, segmentBytes: number): Promise<Left[]> {
  const tuning = { ...smallTuning, generationBytes: 2048, segmentBytes, checkpointBytes }
  const world = new SimulatedWorld({ seed: 5, faults: new OperationCount(), settings: smallSettings, tuning })
  const left: Left[] = []
  for (let process = 0; process < count; process++) {
    const store = await world.settle(world.open())
    for (let n = 0; n < messages; n++)
      await world.settle(store.sendMessage({ sender: 'a', receiver: 'b', text: 'm'.repeat(500) }))
    const { items } = await world.settle(store.getMessages('b', { peer: 'a' }, { limit: 1 }))
    expect(items[0]?.seq).toBe((process + 1) * messages)
    left.push((await world.settle(store.admin.stats())).log)
    world.restart(null)
  }
  return left
}

test('no process lives long enough for a checkpoint: the log stays as small as if one did', async () => {
  const left = await processes(16, 18, 64 * 1024)
  // A process writes some 11 KiB.
  expect(Math.max(...left.map(({ bytes }) => bytes))).toBeLessThan(3 * checkpointBytes)
})

test('next to nothing happens between two kills: segments do not gather', async () => {
  const left = await processes(48, 1, 16 * 1024)
  expect(Math.max(...left.map(({ segments }) => segments))).toBeLessThan(40)
})
