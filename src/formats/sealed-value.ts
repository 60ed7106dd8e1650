import { crc32 } from 'node:zlib'
import { ColumbaError } from '../errors.js'
import { describeKey } from './keys.js'

/**
 * A value as it lies in a shard. LevelDB hands flipped bits out without a word, so every value says itself what it is;
 * the key is part of the sum, so a value that was found under another key is noticed too.
 *
 *   0            n            n + 4
 *   +------------+------------+
 *   | payload    | CRC-32 LE  |    the CRC covers the key, then the payload
 *   +------------+------------+
 */
export const sealBytes = 4

/** A new buffer with a copy of the payload and its seal. */
export function sealValue(key: Uint8Array, payload: Uint8Array): Buffer {
  const sealed = Buffer.allocUnsafe(payload.byteLength + sealBytes)
  sealed.set(payload)
  return seal(key, sealed, payload)
}

/** For encoders that left the last four bytes of `value` free: writes the seal there and returns `value`. */
export function sealInPlace(key: Uint8Array, value: Buffer): Buffer {
  return seal(key, value, value.subarray(0, value.byteLength - sealBytes))
}

function seal(key: Uint8Array, value: Buffer, payload: Uint8Array): Buffer {
  value.writeUInt32LE(crc32(payload, crc32(key)), value.byteLength - sealBytes)
  return value
}

/**
 * The payload, as a view into `stored`. Throws CORRUPT with the shard and the family (null for the shard's own rows); the
 * key itself holds ids and stays out of it.
 */
export function openValue(key: Uint8Array, stored: Buffer, shard: number): Buffer {
  const end = stored.byteLength - sealBytes
  if (end >= 0) {
    const payload = stored.subarray(0, end)
    if (crc32(payload, crc32(key)) === stored.readUInt32LE(end)) return payload
  }
  throw new ColumbaError(
    'CORRUPT',
    `shard ${shard} holds a damaged value; verify the store, restore a backup`,
    {
      shard,
      family: describeKey(Buffer.from(key))?.family ?? null,
    },
  )
}
