import { ColumbaError } from '../errors.js'
import { checksum } from './checksum.js'

/**
 * A place in the feed as clients carry it: opaque, bound to the store and its time line.
 *
 *     store id, the first 8 bytes | epoch u32 LE | position u48 LE | crc32 LE      as base64url
 */
const tokenBytes = 22
/** What the checksum at the end is over. */
const summedBytes = tokenBytes - 4

/** The store and time line that a token is of. */
export interface TokenHome {
  readonly storeId: Uint8Array
  readonly epoch: number
}

// Every change that is handed to anybody has a token: they are all made in the same place.
const scratch = Buffer.alloc(tokenBytes)
const summed = scratch.subarray(0, summedBytes)

export function encodeToken(home: TokenHome, position: number): string {
  for (let i = 0; i < 8; i++) scratch[i] = home.storeId[i] as number
  scratch.writeUInt32LE(home.epoch, 8)
  scratch.writeUIntLE(position, 12, 6)
  scratch.writeUInt32LE(checksum(summed), summedBytes)
  return scratch.base64urlSlice(0, tokenBytes)
}

/**
 * The position; throws INVALID_ARGUMENT for what is no token, and names `field`, the argument in which it came; RESYNC_REQUIRED
 * for one of another store or time line.
 */
export function decodeToken(home: TokenHome, text: string, field: string): number {
  const token = Buffer.from(text, 'base64url')
  if (
    token.length !== tokenBytes ||
    token.toString('base64url') !== text ||
    checksum(token.subarray(0, summedBytes)) !== token.readUInt32LE(summedBytes)
  ) {
    throw new ColumbaError('INVALID_ARGUMENT', `${field} must be what a store gave out`, { field })
  }
  if (!token.subarray(0, 8).equals(home.storeId.subarray(0, 8)) || token.readUInt32LE(8) !== home.epoch) {
    throw new ColumbaError(
      'RESYNC_REQUIRED',
      'the token is of another store, or of a time line that a crash or a restored backup has ended; load everything anew',
    )
  }
  return token.readUIntLE(12, 6)
}
