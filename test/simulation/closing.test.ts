import { expect, test } from 'vitest'
import type { MessageStore } from '../../src/api/message-store.js'
import { FaultAt, type Faults, OperationCount } from '../../src/simulation/faults.js'
import { smallSettings, smallTuning } from './exhaustive.js'
import { SimulatedWorld } from '../../src/simulation/simulated-world.js'

const messages = 12

interface Filled {
  readonly world: SimulatedWorld
  readonly store: MessageStore
  /** What befalls each operation from now on. */
  readonly suffer: (faults: Faults) => void
}

/** An open store with messages that are flushed and messages that are not. */
async function filled(): Promise<Filled> {
  let now: Faults = new OperationCount()
  const faults: Faults = { next: (operation, path) => now.next(operation, path) }
  const world = new SimulatedWorld({ seed: 3, faults, settings: smallSettings, tuning: smallTuning })
  const store = await world.settle(world.open())
  for (let id = 1; id <= messages; id++)
    await world.settle(store.sendMessage({ sender: 'a', receiver: 'b', text: 'm'.repeat(40), id: `${id}` }))
  const suffer = (given: Faults): void => {
    now = given
  }
  return { world, store, suffer }
}

test('whatever fails while a store is closed: nothing stays open, and the same process opens it again', async () => {
  const count = new OperationCount()
  const { world, store, suffer } = await filled()
  suffer(count)
  await world.settle(store.close())
  expect(count.count).toBeGreaterThan(20)

  const wrong: string[] = []
  for (let nth = 1; nth <= count.count; nth++) {
    const one = await filled()
    const fault = new FaultAt(nth, 'once')
    one.suffer(fault)
    const failure = await one.world.settle(one.store.close()).catch((error: unknown) => error)
    one.suffer(new OperationCount())
    const { openHandles } = one.world.incarnation.fileSystem
    if (openHandles > 0) wrong.push(`${fault.hit}: ${openHandles} handles are open`)
    try {
      const again = await one.world.settle(one.world.open())
      const { items } = await one.world.settle(again.getMessages('a', { peer: 'b' }))
      if (items.length !== messages) wrong.push(`${fault.hit}: ${items.length} messages`)
      await one.world.settle(again.close())
    } catch (error) {
      wrong.push(`${fault.hit}, ${String(failure)}: ${String(error)}`)
    }
  }
  expect(wrong).toEqual([])
})
