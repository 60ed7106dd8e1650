import { expect, test } from 'vitest'
import type * as errors from '../../src/errors.js'
import { ColumbaError, isColumbaError } from '../../src/errors.js'

test('an error is recognised, and its code', () => {
  const error = new ColumbaError('BLOCKED', 'no')
  expect(isColumbaError(error)).toBe(true)
  expect(isColumbaError(error, 'BLOCKED')).toBe(true)
  expect(isColumbaError(error, 'CLOSED')).toBe(false)
})

test('an error of another copy of the package is recognised, and its code', async () => {
  // Another address is another module.
  const address = new URL('../../src/errors.js?copy', import.meta.url).href
  const copy = (await import(address)) as typeof errors
  expect(copy.ColumbaError).not.toBe(ColumbaError)
  const error = new copy.ColumbaError('BLOCKED', 'no')
  expect(error).not.toBeInstanceOf(ColumbaError)
  expect(isColumbaError(error, 'BLOCKED')).toBe(true)
  expect(copy.isColumbaError(new ColumbaError('CLOSED', 'closed'), 'CLOSED')).toBe(true)
})

test.each([
  undefined,
  null,
  'ColumbaError',
  new Error('ColumbaError'),
  Object.assign(new Error('of somebody else'), { code: 'BLOCKED' }),
  { name: 'ColumbaError', code: 'BLOCKED' },
])('what is no error of the package is not taken for one: %s', (error) => {
  expect(isColumbaError(error)).toBe(false)
})
