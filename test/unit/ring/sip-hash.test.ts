import { expect, test } from 'vitest'
import { sipHash53 } from '../../../src/formats/sip-hash.js'

/** From the authors' reference implementation: key 00 … 0f, the input of n bytes 00 … n−1, output bytes. */
const published = [
  '310e0edd47db6f72',
  'fd67dc93c539f874',
  '5a4fa9d909806c0d',
  '2d7efbd796666785',
  'b7877127e09427cf',
  '8da699cd64557618',
  'cee3fe586e46c9cb',
  '37d1018bf50002ab',
  '6224939a79f5f593',
  'b0e4a90bdf82009e',
  'f3b9dd94c5bb5d7a',
  'a7ad6b22462fb3f4',
  'fbe50e86bc8f1e75',
  '903d84c02756ea14',
  'eef27a8e90ca23f7',
  'e545be4961ca29a1',
]

const counting = (count: number) => Uint8Array.from({ length: count }, (_, index) => index)

test.each(published.map((hex, length) => [length, hex] as const))(
  'the published vector of %i bytes',
  (length, hex) => {
    const expected = Buffer.from(hex, 'hex').readBigUInt64LE() >> 11n
    expect(BigInt(sipHash53(counting(16), counting(length)))).toBe(expected)
  },
)

test('only the first bytes count when a length is given', () => {
  expect(sipHash53(counting(16), counting(20), 9)).toBe(sipHash53(counting(16), counting(9)))
})

test('a key has 16 bytes', () => {
  expect(() => sipHash53(counting(15), counting(1))).toThrow(RangeError)
})
