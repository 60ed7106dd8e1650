import { expect, test } from 'vitest'
import { storm } from './storm.js'

test.each([1, 2])('in a storm on slow shards all is as promised, seed %i', async (seed) => {
  expect(await storm(seed, 240)).toEqual([])
})
