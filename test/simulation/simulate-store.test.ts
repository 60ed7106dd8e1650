import { describe, expect, test } from 'vitest'
import { FaultAt, simulateStore, type SimulatedStore } from '../../src/testing.js'

// The door for those who test their own code with a store.

const message = (n: number) => ({ sender: 'ann', receiver: 'bob', id: `m${n}`, text: 'x'.repeat(500) })

/** Sends until a send is refused or the process ends; how many were acknowledged. */
async function sendMany(world: SimulatedStore, most: number): Promise<number> {
  let sent = 0
  try {
    const store = await world.settle(world.open())
    for (; sent < most; sent++) await world.settle(store.sendMessage(message(sent)))
  } catch {
    // Which of the two it was matters to nobody here.
  }
  return sent
}

async function headOf(world: SimulatedStore): Promise<number> {
  const store = await world.settle(world.open())
  const found = await world.settle(store.getConversation('bob', { peer: 'ann' }))
  expect((await world.settle(store.admin.verify())).findings).toEqual([])
  await world.settle(store.close())
  return found?.headSeq ?? 0
}

describe('a simulated store', () => {
  test.each([
    ['is killed', null],
    ['loses the power, and everything that was not synced', 0],
    ['loses the power, and some of it', 0.5],
  ])('that %s has all that was acknowledged', async (_how, keep) => {
    for (let seed = 1; seed <= 5; seed++) {
      const world = simulateStore({ seed })
      const sent = await sendMany(world, 100)
      world.restart(keep)
      expect(await headOf(world)).toBe(sent)
    }
  })

  test('meets the fault that it is given, and what was acknowledged before is there', async () => {
    let ended = 0
    for (let nth = 60; nth < 400; nth += 20) {
      const world = simulateStore({ seed: nth, faults: new FaultAt(nth, nth % 40 === 0 ? 'once' : 'crash') })
      const sent = await sendMany(world, 100)
      if (sent < 100) ended++
      world.restart(0.3)
      const head = await headOf(world)
      expect(head === sent || head === sent + 1).toBe(true)
    }
    expect(ended).toBeGreaterThan(5)
  })

  test('is the same for the same seed', async () => {
    const notes = async (seed: number): Promise<string[]> => {
      const all: string[] = []
      const world = simulateStore({ seed, onNote: (note) => all.push(note) })
      await sendMany(world, 20)
      return all
    }
    expect(await notes(5)).toEqual(await notes(5))
    expect(await notes(5)).not.toEqual(await notes(6))
  })

  test('takes the options of a store, and refuses what is none', async () => {
    const world = simulateStore({ seed: 1, options: { users: 'registered', shards: 3 } })
    const store = await world.settle(world.open())
    await expect(world.settle(store.sendMessage(message(1)))).rejects.toMatchObject({
      code: 'USER_NOT_FOUND',
    })
    expect(() => simulateStore({ seed: 1, options: { shards: 0 } })).toThrow('shards')
  })
})
