import { expect, test } from 'vitest'
import { ColumbaError } from '../../../src/errors.js'
import { fromLevel, fromOpening, fromRecovery } from '../../../src/local/shards/level-error.js'

const poisoned = (cause: unknown): ColumbaError =>
  new ColumbaError('POISONED', 'Writing to shard 3 failed', { shard: 3 }, cause)

test.each([
  Object.assign(new Error('Corruption: corrupted compressed block contents'), { code: 'LEVEL_CORRUPTION' }),
  // As it comes from the flush thread.
  new Error('Corruption: block checksum mismatch'),
])('a write that LevelDB refuses for a damaged table is damage to who opens: %s', (cause) => {
  expect(fromRecovery(poisoned(cause))).toMatchObject({ code: 'CORRUPT', details: { shard: 3 }, cause })
})

test('a recovery that fails over what somebody can do something about says so; no call of it has an unknown outcome', () => {
  const of = (code: 'POISONED' | 'OUTCOME_UNKNOWN', cause: string) =>
    fromRecovery(new ColumbaError(code, 'no', {}, new Error(cause)))
  for (const code of ['POISONED', 'OUTCOME_UNKNOWN'] as const) {
    expect(of(code, 'IO error: No space left on device')).toMatchObject({ code: 'NO_SPACE' })
    expect(of(code, 'EDQUOT: disk quota exceeded, write')).toMatchObject({ code: 'NO_SPACE' })
    expect(of(code, 'EMFILE: too many open files')).toMatchObject({ code: 'OVERLOADED' })
    const cause = Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'write' })
    expect(fromRecovery(new ColumbaError(code, 'no', {}, cause))).toMatchObject({ code: 'CORRUPT', cause })
    expect(of(code, 'EIO')).toMatchObject({ code: 'POISONED', cause: new Error('EIO') })
  }
})

test('any other failure stays what it is', () => {
  for (const error of [poisoned(new Error('EIO')), new ColumbaError('CORRUPT', 'a'), new Error('b')])
    expect(fromRecovery(error)).toBe(error)
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

test('where there is no memory to read a shard it is not damaged; where a length is wrong it is', () => {
  const cause = new RangeError('Array buffer allocation failed')
  expect(fromLevel(cause, 2)).toMatchObject({ code: 'OVERLOADED', cause })
  const wrong = Object.assign(new RangeError('out of range'), { code: 'ERR_OUT_OF_RANGE' })
  expect(fromLevel(wrong, 2)).toMatchObject({ code: 'CORRUPT', cause: wrong })
})
