import { crc32 } from 'node:zlib'

/**
 * The checksum of everything that the library writes: CRC-32 (IEEE), as an unsigned 32-bit number. `seed` is an earlier
 * checksum to go on from, or a number that both sides know: with another seed the same bytes give another checksum,
 * so bytes of a foreign file never pass by accident. It finds accidents; it is no proof against forgery.
 */
export function checksum(bytes: Uint8Array, seed = 0): number {
  return bytes.length > callPaysFrom ? crc32(bytes, seed) : shortChecksum(bytes, seed)
}

/**
 * The seed with which these bytes have that checksum; there is always one, and no other. Checksums with two seeds differ by
 * what as many zeroes make of the difference of the seeds, and each step of that can be undone.
 */
export function seedOf(bytes: Uint8Array, sum: number): number {
  let difference = sum ^ checksum(bytes)
  for (let step = 0; step < bytes.length; step++) {
    // No two rows of the table begin alike, so the first byte of a sum tells which one it was made with.
    const row = table0.findIndex((one) => one >>> 24 === difference >>> 24)
    difference = ((difference ^ (table0[row] as number)) << 8) | row
  }
  return difference >>> 0
}

/** Keys and small rows are summed up before a native call would have begun. Slicing by four (Intel, 2006). */
const callPaysFrom = 64

const [table0, table1, table2, table3] = sliceTables()

function shortChecksum(bytes: Uint8Array, seed: number): number {
  let sum = ~seed
  let at = 0
  for (const whole = bytes.length & ~3; at < whole; at += 4) {
    sum ^=
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    sum =
      (table3[sum & 0xff] as number) ^
      (table2[(sum >>> 8) & 0xff] as number) ^
      (table1[(sum >>> 16) & 0xff] as number) ^
      (table0[sum >>> 24] as number)
  }
  for (; at < bytes.length; at++) sum = (table0[(sum ^ (bytes[at] as number)) & 0xff] as number) ^ (sum >>> 8)
  return ~sum >>> 0
}

/** Table k: what a byte becomes when k bytes of zeroes follow it. */
function sliceTables(): readonly [Int32Array, Int32Array, Int32Array, Int32Array] {
  const tables = [new Int32Array(256), new Int32Array(256), new Int32Array(256), new Int32Array(256)] as const
  for (let byte = 0; byte < 256; byte++) {
    let sum = byte
    for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 0 ? sum >>> 1 : (sum >>> 1) ^ 0xedb88320
    tables[0][byte] = sum
  }
  for (let byte = 0; byte < 256; byte++) {
    for (let k = 1; k < 4; k++) {
      const before = (tables[k - 1] as Int32Array)[byte] as number
      const table = tables[k] as Int32Array
      table[byte] = (tables[0][before & 0xff] as number) ^ (before >>> 8)
    }
  }
  return tables
}
