import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteReader, ByteWriter } from '../../../src/formats/bytes.js'
import { ids, numbers, texts } from './arbitraries.js'
import { refusesOrReads } from './damaged-bytes.js'

const values = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('varint'), value: numbers }),
    fc.record({ kind: fc.constant('u8'), value: fc.nat(255) }),
    fc.record({ kind: fc.constant('u32'), value: fc.nat(2 ** 32 - 1) }),
    fc.record({ kind: fc.constant('string'), value: fc.oneof(ids, texts) }),
    fc.record({ kind: fc.constant('optionalString'), value: fc.option(texts, { nil: undefined }) }),
  ),
)

test('what was written is read again, in order, and nothing is left', () => {
  fc.assert(
    fc.property(values, (all) => {
      const w = new ByteWriter(1)
      for (const { kind, value } of all) w[kind as 'varint'](value as number)
      const r = new ByteReader(w.finish())
      expect(all.map(({ kind }) => r[kind as 'varint']())).toEqual(all.map(({ value }) => value))
      expect(r.left).toBe(0)
    }),
  )
})

test('a view shows what was written last, whatever was written with the writer before', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(ids, texts, fc.string({ minLength: 400, maxLength: 2000 }))), (all) => {
      const w = new ByteWriter(1)
      for (const text of all) {
        expect(new ByteReader(w.reset().string(text).view()).string()).toBe(text)
        expect(w.reset().text(text).view().toString()).toBe(Buffer.from(text).toString())
      }
    }),
  )
})

test('a reader never goes beyond its end', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.nat(40),
      fc.infiniteStream(fc.nat(4)),
      (bytes, end, what) => {
        const stop = Math.min(end, bytes.length)
        const r = new ByteReader(Buffer.from(bytes), 0, stop)
        const reads = [
          () => r.u8(),
          () => r.u32(),
          () => r.varint(),
          () => r.string(),
          () => r.optionalString(),
        ]
        refusesOrReads(() => {
          for (let i = 0; i < 50; i++) {
            reads[what.next().value]?.()
            expect(r.at).toBeLessThanOrEqual(stop)
          }
        })
      },
    ),
  )
})

test('a number that is no safe integer is refused', () => {
  const w = new ByteWriter().varint(Number.MAX_SAFE_INTEGER).finish()
  expect(new ByteReader(w).varint()).toBe(Number.MAX_SAFE_INTEGER)
  const above = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x10])
  expect(() => new ByteReader(above).varint()).toThrow('does not end')
  expect(() => new ByteReader(Buffer.alloc(20, 0x80)).varint()).toThrow('does not end')
})
