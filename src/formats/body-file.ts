import { badBytes } from './bytes.js'
import { checksum } from './checksum.js'

/**
 * A body file holds the blocks of one generation, or of several neighbouring ones that the tidy has merged, behind a
 * header; blocks lie in the order of their conversations' ids. It is written once, as a whole, and never changed; rows
 * point into it by offset and length.
 *
 *     "CLBB" | version u16 LE | 0 u16 | store id, 16 bytes | file u64 LE | crc32 of the 32 bytes before, LE
 *
 * A file is called by a number: the cut of its (last) generation, and 2^48 for each time that its messages have been
 * merged, its *level*.
 */
export const bodyHeaderBytes = 36
const magic = 0x42424c43
const version = 1
const perLevel = 2 ** 48

export function bodyFileOf(level: number, cut: number): number {
  return level * perLevel + cut
}

export function levelOf(file: number): number {
  return Math.floor(file / perLevel)
}

/** The end of the last generation in a file. */
export function cutOf(file: number): number {
  return file % perLevel
}

export function encodeBodyHeader(storeId: Uint8Array, file: number): Buffer {
  const header = Buffer.alloc(bodyHeaderBytes)
  header.writeUInt32LE(magic, 0)
  header.writeUInt16LE(version, 4)
  header.set(storeId, 8)
  header.writeBigUInt64LE(BigInt(file), 24)
  header.writeUInt32LE(checksum(header.subarray(0, 32)), 32)
  return header
}

/** Throws CORRUPT unless this is the header of the body file of that store and file. */
export function checkBodyHeader(header: Buffer, storeId: Uint8Array, file: number): void {
  if (!header.equals(encodeBodyHeader(storeId, file)))
    throw badBytes('a body file has another header than it should')
}

const suffix = '.bodies'

export function bodyFileName(file: number): string {
  return file.toString(16).padStart(14, '0') + suffix
}

/** The file that a name stands for; null for any other name. */
export function parseBodyFileName(name: string): number | null {
  if (!name.endsWith(suffix)) return null
  const digits = name.slice(0, -suffix.length)
  if (!/^[0-9a-f]{14}$/.test(digits)) return null
  const file = parseInt(digits, 16)
  return Number.isSafeInteger(file) ? file : null
}
