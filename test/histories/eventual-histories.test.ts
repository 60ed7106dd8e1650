import { expect, test } from 'vitest'
import { checkHistory } from '../../src/histories/check-history.js'
import { recordHistory } from '../../src/histories/traffic.js'
import { eventualHost } from './hosts.js'

test.each([1, 2, 3, 4, 5, 6])(
  'concurrent clients of the late backend see what was promised, seed %i',
  async (seed) => {
    const history = await recordHistory(eventualHost(seed), { seed })
    expect(checkHistory(history)).toEqual([])
  },
)
