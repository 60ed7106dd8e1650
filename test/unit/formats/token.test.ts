import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ColumbaError } from '../../../src/errors.js'
import { decodeToken, encodeToken, type TokenHome } from '../../../src/formats/token.js'
import { numbers48 } from './arbitraries.js'

const homes: fc.Arbitrary<TokenHome> = fc.record({
  storeId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  epoch: fc.nat(2 ** 32 - 1),
})

function codeOf(read: () => unknown): string | null {
  try {
    read()
    return null
  } catch (error) {
    return error instanceof ColumbaError ? error.code : String(error)
  }
}

test('a token is read again by the store and time line that made it', () => {
  fc.assert(
    fc.property(homes, numbers48, (home, position) => {
      expect(decodeToken(home, encodeToken(home, position), 'since')).toBe(position)
    }),
  )
})

test('another store or time line asks for everything anew', () => {
  fc.assert(
    fc.property(homes, homes, numbers48, (home, other, position) => {
      fc.pre(home.epoch !== other.epoch)
      expect(codeOf(() => decodeToken(other, encodeToken(home, position), 'since'))).toBe('RESYNC_REQUIRED')
    }),
  )
})

test('anything else is no token', () => {
  fc.assert(
    fc.property(homes, numbers48, fc.nat(), fc.nat(63), (home, position, at, letter) => {
      const token = encodeToken(home, position)
      const place = at % token.length
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      const other = token.slice(0, place) + alphabet[letter] + token.slice(place + 1)
      if (other !== token) expect(codeOf(() => decodeToken(home, other, 'since'))).toBe('INVALID_ARGUMENT')
      expect(codeOf(() => decodeToken(home, token.slice(0, place), 'since'))).toBe('INVALID_ARGUMENT')
      expect(codeOf(() => decodeToken(home, `${token}=`, 'since'))).toBe('INVALID_ARGUMENT')
    }),
  )
  fc.assert(
    fc.property(homes, fc.string(), (home, text) => {
      expect(codeOf(() => decodeToken(home, text, 'since'))).toBe('INVALID_ARGUMENT')
    }),
  )
})
