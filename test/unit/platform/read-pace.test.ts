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
  return { read, wait, turn }
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
  const made = Array.from({ length: 80 }, () => read(0.1))
  expect(made.filter(Boolean).length).toBeGreaterThan(45)
  expect(made.filter(Boolean).length).toBeLessThan(55)
  expect(made.at(-1)).toBe(false)
  turn()
  expect(read(0.1)).toBe(true)
})

test('where reads are never made at once none is', () => {
  expect(new ReadPace(false, timelessMeter).begin()).toBeNull()
})
