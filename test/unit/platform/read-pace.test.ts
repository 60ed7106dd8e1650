import { expect, test } from 'vitest'
import { ReadPace } from '../../../src/platform/read-pace.js'

/** Reads that take so long each, and whether each of them was made at once; time stands still between them. */
function paced() {
  let now = 1000
  const pace = new ReadPace(true, () => now)
  const read = (ms: number): boolean => {
    const begun = pace.begin()
    if (begun === null) return false
    now += ms
    pace.end(begun)
    return true
  }
  return { read, wait: (ms: number) => (now += ms) }
}

test('fast reads and a single slow one are made at once', () => {
  const { read } = paced()
  expect([0.01, 20, ...Array.from({ length: 20 }, () => 0.01), 20, 0.01].every(read)).toBe(true)
})

test('after two slow ones among few none is made at once until the wait is a twentieth of the time', () => {
  const { read, wait } = paced()
  expect([20, 0.01, 10].every(read)).toBe(true)
  expect(read(0.01)).toBe(false)
  wait(189)
  expect(read(0.01)).toBe(false)
  wait(1)
  expect(read(0.01)).toBe(true)
})

test('where reads are never made at once none is', () => {
  expect(new ReadPace(false, () => 0).begin()).toBeNull()
})
