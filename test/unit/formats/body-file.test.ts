import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  bodyFileName,
  bodyHeaderBytes,
  checkBodyHeader,
  encodeBodyHeader,
  parseBodyFileName,
} from '../../../src/formats/body-file.js'
import { numbers } from './arbitraries.js'

const storeIds = fc.uint8Array({ minLength: 16, maxLength: 16 })

test('a header is that of its store and cut, and of no other', () => {
  fc.assert(
    fc.property(storeIds, numbers, numbers, fc.nat(), (storeId, cut, other, bit) => {
      const header = encodeBodyHeader(storeId, cut)
      expect(header.length).toBe(bodyHeaderBytes)
      checkBodyHeader(header, storeId, cut)
      if (other !== cut) expect(() => checkBodyHeader(header, storeId, other)).toThrow('header')
      const at = bit % (bodyHeaderBytes * 8)
      header[at >> 3]! ^= 1 << (at & 7)
      expect(() => checkBodyHeader(header, storeId, cut)).toThrow('header')
    }),
  )
})

test('names are read as they were made and sort as their cuts', () => {
  fc.assert(
    fc.property(numbers, numbers, (a, b) => {
      expect(parseBodyFileName(bodyFileName(a))).toBe(a)
      expect(bodyFileName(a) < bodyFileName(b)).toBe(a < b)
    }),
  )
})

test.each([
  '',
  '.bodies',
  '0000000000000a.bodies.tmp',
  '0000000000000A.bodies',
  '000000000000a.bodies',
  '0000000000000a',
  'ffffffffffffff.bodies',
])('%j is no name of a body file', (name) => {
  expect(parseBodyFileName(name)).toBeNull()
})
