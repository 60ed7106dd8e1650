import { crc32 } from 'node:zlib'

/**
 * The checksum of everything that the library writes: CRC-32 (IEEE), as an unsigned 32-bit number. `seed` is an earlier
 * checksum to go on from, or a number that both sides know: with another seed the same bytes give another checksum,
 * so bytes of a foreign file never pass by accident. It finds accidents; it is no proof against forgery.
 */
export function checksum(bytes: Uint8Array, seed = 0): number {
  return crc32(bytes, seed)
}
