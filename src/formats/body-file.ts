import { crc32 } from 'node:zlib'
import { badBytes } from './bytes.js'

/**
 * A body file holds the blocks of one generation, in the order of the fold, behind a header. It is written once, as a
 * whole, and never changed; rows point into it by offset and length.
 *
 *     "CLBB" | version u16 LE | 0 u16 | store id, 16 bytes | cut u64 LE | crc32 of the 32 bytes before, LE
 */
export const bodyHeaderBytes = 36
const magic = 0x42424c43
const version = 1

export function encodeBodyHeader(storeId: Uint8Array, cut: number): Buffer {
  const header = Buffer.alloc(bodyHeaderBytes)
  header.writeUInt32LE(magic, 0)
  header.writeUInt16LE(version, 4)
  header.set(storeId, 8)
  header.writeBigUInt64LE(BigInt(cut), 24)
  header.writeUInt32LE(crc32(header.subarray(0, 32)), 32)
  return header
}

/** Throws CORRUPT unless this is the header of the body file of that store and cut. */
export function checkBodyHeader(header: Buffer, storeId: Uint8Array, cut: number): void {
  if (!header.equals(encodeBodyHeader(storeId, cut)))
    throw badBytes('a body file has another header than it should')
}

const suffix = '.bodies'

export function bodyFileName(cut: number): string {
  return cut.toString(16).padStart(14, '0') + suffix
}

/** The cut that a name stands for; null for any other name. */
export function parseBodyFileName(name: string): number | null {
  if (!name.endsWith(suffix)) return null
  const digits = name.slice(0, -suffix.length)
  if (!/^[0-9a-f]{14}$/.test(digits)) return null
  const cut = parseInt(digits, 16)
  return Number.isSafeInteger(cut) ? cut : null
}
