import { expect, test } from 'vitest'
import { notFlat, riseOfSecondHalf, series } from './flatness.js'
import { plot } from './plot.js'
import type { Sample } from './samples.js'

const MiB = 1024 * 1024
const life = (memory: (i: number) => number): Sample[] =>
  Array.from({ length: 100 }, (_, i) => ({
    sends: i * 1000,
    seconds: i,
    rssAnonBytes: memory(i) * MiB,
    heapBytes: 50 * MiB,
    openFiles: 30,
    logBytes: (20 + (i % 7)) * MiB,
    directoryBytes: i * MiB,
  }))

test('what swings is flat, what grows is not, and growth at the beginning does not count', () => {
  expect(notFlat(life((i) => 200 + 20 * (i % 5)))).toEqual([])
  expect(notFlat(life((i) => Math.min(i * 10, 300)))).toEqual([])
  expect(notFlat(life((i) => 100 + i * 2))).toEqual([expect.stringContaining('anonymous memory')])
})

test('the rise is that of the straight line', () => {
  expect(
    riseOfSecondHalf(
      life((i) => i),
      ({ rssAnonBytes }) => rssAnonBytes / MiB,
    ),
  ).toBeCloseTo(49)
})

test('every series has its panel', () => {
  const drawn = plot(
    'a life',
    life(() => 1),
    series,
  )
  for (const { name } of series) expect(drawn).toContain(`>${name}<`)
  expect(drawn).not.toContain('NaN')
})
