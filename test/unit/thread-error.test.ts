import { expect, test } from 'vitest'
import { ColumbaError } from '../../src/errors.js'
import { fromRecovery } from '../../src/local/shards/level-error.js'
import { packError, unpackError } from '../../src/local/background/thread-error.js'

const across = (error: unknown): Error => unpackError(structuredClone(packError(error)))
const system = (code: string, message: string, cause?: unknown): Error =>
  Object.assign(new Error(message, cause === undefined ? {} : { cause }), { code })

test('an error of the system keeps its code: a full disk is known by it', () => {
  const got = across(system('ENOSPC', 'no space left on device'))
  expect(got).toMatchObject({ code: 'ENOSPC', message: 'no space left on device' })
  expect(got.cause).toBeUndefined()
})

test('an error of ours is one on the other side, with details and every cause', () => {
  const inner = system('LEVEL_CORRUPTION', 'block checksum mismatch')
  const error = new ColumbaError('POISONED', 'Writing', { shard: 3 }, system('LEVEL', 'no', inner))
  const got = across(error)
  expect(got).toBeInstanceOf(ColumbaError)
  expect(got).toMatchObject({
    code: 'POISONED',
    message: 'Writing',
    details: { shard: 3 },
    cause: { code: 'LEVEL', message: 'no', cause: { code: 'LEVEL_CORRUPTION' } },
  })
  // Recovery on a thread tells damage from failure as it does without one.
  expect(fromRecovery(got)).toMatchObject({ code: 'CORRUPT', details: { shard: 3 } })
})

test('what is no error at all arrives as one', () => {
  expect(across('text')).toMatchObject({ message: 'text' })
  expect(across(undefined)).toBeInstanceOf(Error)
})
