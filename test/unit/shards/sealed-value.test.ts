import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keys, userPrefix } from '../../../src/formats/keys.js'
import { openValue, Sealer, sealValue } from '../../../src/formats/sealed-value.js'
import { thrownBy } from '../../fixtures/thrown-by.js'

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))

const sealer = new Sealer()

test('what was sealed opens', () => {
  fc.assert(
    fc.property(bytes, bytes, (key, payload) => {
      const sealed = sealValue(key, payload)
      expect(openValue(key, sealed, 0).equals(payload)).toBe(true)
      expect(sealer.seal(key, payload).equals(sealed)).toBe(true)
    }),
  )
})

test('no flipped bit passes, neither of the value nor of the key', () => {
  const key = Buffer.from('some key')
  const sealed = sealValue(key, Buffer.from('the payload of a row'))
  for (const [touched, other] of [
    [sealed, key],
    [key, sealed],
  ] as const) {
    for (let bit = 0; bit < touched.byteLength * 8; bit++) {
      touched[bit >> 3]! ^= 1 << (bit & 7)
      expect(() => openValue(key, sealed, 0), `bit ${bit}`).toThrow()
      touched[bit >> 3]! ^= 1 << (bit & 7)
    }
    expect(other.byteLength).toBeGreaterThan(0)
  }
  expect(openValue(key, sealed, 0).toString()).toBe('the payload of a row')
})

test('the error says where, and no id', () => {
  const key = keys.head(userPrefix('ada'), 'd.secret')
  for (const stored of [Buffer.alloc(0), Buffer.alloc(3), Buffer.alloc(40)]) {
    const error = thrownBy(() => openValue(key, stored, 3))
    expect(error).toMatchObject({ code: 'CORRUPT', details: { shard: 3, family: 'head' } })
    expect(JSON.stringify([String(error), error])).not.toMatch(/ada|secret/)
  }
})
