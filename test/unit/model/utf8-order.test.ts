import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareUtf8 } from '../../../src/model/utf8-order.js'

/** Few of them, so that texts begin alike, from each side of the surrogates. */
const units = fc.constantFrom(
  'a',
  'b',
  'é',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{10000}',
  '\u{1f600}',
  '\u{10ffff}',
)
const text = fc.array(units, { maxLength: 4 }).map((all) => all.join(''))

test('texts are in the order of their UTF-8 bytes', () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
  )
})
