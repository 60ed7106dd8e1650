import { expect, test } from 'vitest'
import { FoundPositions } from '../../../src/local/repair/found-positions.js'

test('what is missing is told for each range, exactly', () => {
  for (let bits = 0; bits < 256; bits++) {
    const positions = new FoundPositions()
    const isThere = (position: number): boolean => (bits & (1 << (position - 1))) !== 0
    for (let position = 1; position <= 8; position++) if (isThere(position)) positions.add(position)
    for (let first = 1; first <= 9; first++)
      for (let last = first - 1; last <= 9; last++) {
        const told = positions
          .missing(first, last)
          .flatMap((gap) => Array.from({ length: gap.last - gap.first + 1 }, (_, i) => gap.first + i))
        const wanted = Array.from({ length: last - first + 1 }, (_, i) => first + i)
        expect(told).toEqual(wanted.filter((position) => !isThere(position)))
      }
  }
})

test('neighbours are one range', () => {
  const positions = new FoundPositions()
  for (const position of [3, 4, 4, 5, 9]) positions.add(position)
  expect(positions.missing(1, 12)).toEqual([
    { first: 1, last: 2 },
    { first: 6, last: 8 },
    { first: 10, last: 12 },
  ])
})
