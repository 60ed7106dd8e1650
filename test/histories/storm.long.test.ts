import { expect, test } from 'vitest'
import { storm } from './storm.js'

const firstSeed = 1000

test.each(Array.from({ length: 40 }, (_, i) => firstSeed + i))(
  'in a storm on slow shards all is as promised, seed %i',
  async (seed) => {
    expect(await storm(seed)).toEqual([])
  },
)
