import { expect, test } from 'vitest'
import { ReadPace, timelessMeter } from '../../../src/platform/read-pace.js'

/** Reads that take so long each; true if one was made at once. Time stands still between them. */
function paced() {
  let now = 1000
  let diskReads = 7
  const turns: (() => void)[] = []
  const nextTurn = (task: () => void): unknown => turns.push(task)
  const pace = new ReadPace(true, { now: () => now, diskReads: () => diskReads, nextTurn })
  const read = (ms: number, fromDisk = ms > 1): boolean => {
    const begun = pace.begin()
    if (begun === null) return false
    now += ms
    if (fromDisk) diskReads++
    pace.end(begun)
    return true
  }
  const turn = (): void => turns.splice(0).forEach((task) => task())
  const wait = (ms: number): void => {
    now += ms
    turn()
  }
  const isOver = (): boolean => pace.turn() !== null
  return { read, wait, turn, isOver, pace }
}

test('fast reads and a single slow one are made at once', () => {
  const { read, turn } = paced()
  const times = [0.01, 20, ...Array.from({ length: 20 }, () => 0.01), 20, 0.01]
  const inTurns = times.map((ms) => {
    turn()
    return read(ms)
  })
  expect(inTurns).not.toContain(false)
})

test('after two slow ones among few none is made at once until the wait is a twentieth of the time', () => {
  const { read, wait, turn } = paced()
  for (const ms of [20, 0.01, 10]) {
    turn()
    expect(read(ms)).toBe(true)
  }
  turn()
  expect(read(0.01)).toBe(false)
  wait(189)
  expect(read(0.01)).toBe(false)
  wait(1)
  expect(read(0.01)).toBe(true)
})

test('slow reads during which no disk was read are made at once', () => {
  const { read, turn } = paced()
  for (const ms of [20, 20, 20, 20]) {
    turn()
    expect(read(ms, false)).toBe(true)
  }
})

test('however fast they are, everybody else has a turn between them', () => {
  const { read, turn } = paced()
  const made = Array.from({ length: 160 }, () => read(0.1))
  expect(made.filter(Boolean).length).toBeGreaterThan(90)
  expect(made.filter(Boolean).length).toBeLessThan(110)
  expect(made.at(-1)).toBe(false)
  turn()
  expect(read(0.1)).toBe(true)
})

test('whoever begins behind half of that waits for the next turn, and whoever has begun goes on', async () => {
  const { read, turn, isOver, pace } = paced()
  const before = Array.from({ length: 80 }, () => [isOver(), read(0.1)])
  expect(before[45]).toEqual([false, true])
  expect(before[55]).toEqual([true, true])
  let waited = false
  const next = pace.turn()?.then(() => (waited = true))
  await Promise.resolve()
  expect(waited).toBe(false)
  turn()
  await next
  expect(waited).toBe(true)
  expect(isOver()).toBe(false)
  expect(read(0.1)).toBe(true)
})

test('of those who wait as many are let on as a turn has time for, and nobody waits twice', async () => {
  const { read, turn, pace } = paced()
  while (pace.turn() === null) read(0.1)
  const made: number[] = []
  let woken = 0
  const reader = async (i: number): Promise<void> => {
    for (let next; (next = pace.turn()) !== null; woken++) await next
    expect(read(0.1)).toBe(true)
    made.push(i)
  }
  const readers = Array.from({ length: 200 }, (_, i) => reader(i))
  const perTurn: number[] = []
  for (let before = 0; made.length < 200; before = made.length) {
    turn()
    await new Promise((resolve) => void setImmediate(resolve))
    perTurn.push(made.length - before)
  }
  await Promise.all(readers)
  expect(Math.max(...perTurn)).toBeLessThan(60)
  expect(woken).toBeLessThan(220)
  expect(made).toEqual(made.toSorted((a, b) => a - b))
})

test('nobody waits for a turn where the disk is slow: that is what threads are for', () => {
  const { read, turn, isOver } = paced()
  for (const ms of [20, 20]) {
    turn()
    read(ms)
  }
  expect(isOver()).toBe(false)
  expect(read(0.01)).toBe(false)
})

test('where reads are never made at once none is', () => {
  const pace = new ReadPace(false, timelessMeter)
  expect(pace.begin()).toBeNull()
  expect(pace.turn()).toBeNull()
})
