import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checksum, seedOf } from '../../../src/formats/checksum.js'

test('short or long, the sum is the one that everybody calls CRC-32', () => {
  expect(checksum(Buffer.from('123456789'))).toBe(0xcbf43926)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(2 ** 32 - 1), (bytes, seed) => {
      expect(checksum(bytes, seed)).toBe(crc32(bytes, seed))
    }),
  )
})

test('a sum may be gone on from', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 100 }), (a, b) => {
      expect(checksum(b, checksum(a))).toBe(checksum(Buffer.concat([a, b])))
    }),
  )
})

test('bytes and their sum tell the seed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(2 ** 32 - 1), (bytes, seed) => {
      expect(seedOf(bytes, checksum(bytes, seed))).toBe(seed)
    }),
  )
})
