import { expect, test } from 'vitest'
import { ColumbaError } from '../../../src/errors.js'
import { damageFound, fromLevel, fromOpening } from '../../../src/local/shards/level-error.js'

const poisoned = (cause: unknown): ColumbaError =>
  new ColumbaError('POISONED', 'Writing to shard 3 failed', { shard: 3 }, cause)

test.each([
  Object.assign(new Error('Corruption: corrupted compressed block contents'), { code: 'LEVEL_CORRUPTION' }),
  // As it comes from the flush thread.
  new Error('Corruption: block checksum mismatch'),
])('a write that LevelDB refuses for a damaged table is damage: %s', (cause) => {
  expect(damageFound(poisoned(cause))).toMatchObject({ code: 'CORRUPT', details: { shard: 3 }, cause })
})

test('any other failure stays what it is', () => {
  for (const error of [
    poisoned(new Error('IO error: No space left')),
    new ColumbaError('CORRUPT', 'a'),
    new Error('b'),
  ]) {
    expect(damageFound(error)).toBe(error)
  }
})

test('files that this process may not use are no damage: at opening the location is wrong, and owner and mode to be looked at', () => {
  const cause = Object.assign(new Error('Database failed to open'), {
    code: 'LEVEL_DATABASE_NOT_OPEN',
    cause: new Error('IO error: /store/shards/0000/LOCK: Permission denied'),
  })
  const message = expect.stringMatching(/owner and mode/)
  expect(fromOpening(cause, 2)).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message,
    details: { field: 'location', shard: 2 },
    cause,
  })
  expect(fromLevel(cause, 2)).toMatchObject({ code: 'CORRUPT', message })
})
