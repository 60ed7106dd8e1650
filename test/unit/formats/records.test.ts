import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeRecord, encodeRecord } from '../../../src/formats/records.js'
import { plainRecords } from './arbitraries.js'
import { damaged, refusesOrReads } from './damaged-bytes.js'

test('a record that was encoded is decoded again, wherever it lies', () => {
  fc.assert(
    fc.property(plainRecords, fc.nat(20), fc.nat(20), (record, before, behind) => {
      const encoded = encodeRecord(record)
      const bytes = Buffer.concat([Buffer.alloc(before, 0xa5), encoded, Buffer.alloc(behind, 0x5a)])
      expect(decodeRecord(bytes, before, before + encoded.length)).toEqual(record)
    }),
  )
})

test('bytes of a record that ends too early, or goes on, are refused', () => {
  fc.assert(
    fc.property(plainRecords, (record) => {
      const encoded = encodeRecord(record)
      for (let end = 0; end < encoded.length; end++)
        expect(() => decodeRecord(encoded, 0, end)).toThrow('read')
      const longer = Buffer.concat([encoded, Buffer.of(0)])
      expect(() => decodeRecord(longer, 0, longer.length)).toThrow('longer than its fields')
    }),
    { numRuns: 10 },
  )
})

test('bytes that are no record are refused and nothing else', () => {
  fc.assert(
    fc.property(damaged(plainRecords.map((record) => encodeRecord(record))), (bytes) => {
      refusesOrReads(() => decodeRecord(bytes, 0, bytes.length))
    }),
  )
})
