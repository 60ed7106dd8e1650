import { expect, test } from 'vitest'
import { breakEach, kinds } from './exhaustive-runs.js'

test.each(kinds)(
  'every operation of open, send, flush, checkpoint, rotation, close and recovery goes wrong: %s',
  async (kind) => {
    expect(await breakEach(kind, 1, 0)).toEqual([])
  },
)
