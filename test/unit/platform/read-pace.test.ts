import { expect, test } from 'vitest'
import { ReadPace, timelessMeter } from '../../../src/platform/read-pace.js'

/** Reads that take so long each; true if one was made at once. Time stands still between them. */
function paced() {
  let now = 1000
  let diskReads = 7
  const pace = new ReadPace(true, { now: () => now, diskReads: () => diskReads })
  const read = (ms: number, fromDisk = ms > 1): boolean => {
    const begun = pace.begin()
    if (begun === null) return false
    now += ms
    if (fromDisk) diskReads++
    pace.end(begun)
    return true
  }
  return { read, wait: (ms: number) => (now += ms) }
}

test('fast reads and a single slow one are made at once', () => {
  const { read } = paced()
  const times = [0.01, 20, ...Array.from({ length: 20 }, () => 0.01), 20, 0.01]
  expect(times.every((ms) => read(ms))).toBe(true)
})

test('after two slow ones among few none is made at once until the wait is a twentieth of the time', () => {
  const { read, wait } = paced()
  expect([20, 0.01, 10].every((ms) => read(ms))).toBe(true)
  expect(read(0.01)).toBe(false)
  wait(189)
  expect(read(0.01)).toBe(false)
  wait(1)
  expect(read(0.01)).toBe(true)
})

test('slow reads during which no disk was read are made at once', () => {
  const { read } = paced()
  expect([20, 20, 20, 20].every((ms) => read(ms, false))).toBe(true)
})

test('where reads are never made at once none is', () => {
  expect(new ReadPace(false, timelessMeter).begin()).toBeNull()
})
