import fc from 'fast-check'
import { expect } from 'vitest'
import { ColumbaError } from '../../../src/errors.js'

/** Bytes that were good once, with some changed, cut off or put behind; and bytes that never were. */
export function damaged(good: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const changed = fc
    .tuple(
      good,
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
      fc.nat(),
      fc.uint8Array({ maxLength: 12 }),
    )
    .map(([bytes, changes, length, more]) => {
      const copy = Buffer.from(bytes)
      for (const [at, byte] of changes) if (copy.length > 0) copy[at % copy.length] = byte
      return Buffer.concat([
        copy.subarray(0, length % 3 === 0 ? length % (copy.length + 1) : copy.length),
        more,
      ])
    })
  return fc.oneof(
    changed,
    fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
  )
}

/** Reads bytes that may be anything: it must give something, or refuse with CORRUPT and nothing else. */
export function refusesOrReads(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    expect(error).toBeInstanceOf(ColumbaError)
    expect((error as ColumbaError).code).toBe('CORRUPT')
  }
}
