import { expect, test } from 'vitest'
import { checkOptions } from '../../src/api/options.js'
import type { MessageStore } from '../../src/api/message-store.js'
import { OperationCount } from '../../src/simulation/faults.js'
import { location, SimulatedWorld } from '../../src/simulation/simulated-world.js'

// `durability: { intervalMs }`: a power cut takes what was acknowledged within about the last interval, and nothing from before.

const intervalMs = 20
/** Steps of the disk that may stand between the end of an interval and that of its sync, at up to 2 ms each. */
const syncMs = 12
const seeds = [1, 2, 3]
/** Files that are filled with zeroes ahead are small. */
const tuning = { segmentBytes: 16 * 1024, chunkBytes: 4096, spareBytes: 1024 }

function worldOf(seed: number): SimulatedWorld {
  const { settings, usersMode } = checkOptions({ location, durability: { intervalMs } })
  return new SimulatedWorld({ seed, faults: new OperationCount(), settings, usersMode, tuning })
}

const send = (world: SimulatedWorld, store: MessageStore, n: number) =>
  world.settle(store.sendMessage({ sender: 'ann', receiver: 'bob', id: `m${n}`, text: 'x' }))

function pass(world: SimulatedWorld, ms: number): Promise<void> {
  return world.settle(new Promise((resolve) => world.incarnation.clock.after(ms, resolve)))
}

/** Cuts the power, of what was not synced nothing is left, and counts what is there. */
async function headBehindCut(world: SimulatedWorld): Promise<number> {
  world.restart(0)
  const store = await world.settle(world.open())
  const found = await world.settle(store.getConversation('bob', { peer: 'ann' }))
  await world.settle(store.close())
  return found?.headSeq ?? 0
}

test.each(seeds)('what is older than an interval is there, and only that, seed %i', async (seed) => {
  const world = worldOf(seed)
  const store = await world.settle(world.open())
  for (let n = 1; n <= 3; n++) await send(world, store, n)
  await pass(world, intervalMs + syncMs)
  await send(world, store, 4)
  expect(await headBehindCut(world)).toBe(3)
})

test.each(seeds)('who writes all the time puts no sync off, seed %i', async (seed) => {
  const world = worldOf(seed)
  const store = await world.settle(world.open())
  const { schedule } = world.incarnation
  const acknowledgedAt: number[] = []
  for (let n = 1; n <= 60; n++) {
    await send(world, store, n)
    acknowledgedAt.push(schedule.elapsedMs)
  }
  const old = acknowledgedAt.filter((at) => at <= schedule.elapsedMs - intervalMs - syncMs).length
  expect(old).toBeGreaterThan(20)
  expect(await headBehindCut(world)).toBeGreaterThanOrEqual(old)
})
