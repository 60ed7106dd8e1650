import { ColumbaError } from '../errors.js'
import { ByteWriter } from './bytes.js'
import { checksum } from './checksum.js'
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

/** Seals one value after the other without making an object for each. */
export class Sealer {
  readonly #sealed = new ByteWriter(4096)

  /** The payload with its seal, in place: valid until the next call. */
  seal(key: Uint8Array, payload: Uint8Array): Buffer {
    const sum = checksum(payload, checksum(key))
    return this.#sealed.reset().raw(payload).u32(sum).view()
  }
}

const sealer = new Sealer()

/** One value by itself: a new buffer with a copy of the payload and its seal. */
export function sealValue(key: Uint8Array, payload: Uint8Array): Buffer {
  return Buffer.from(sealer.seal(key, payload))
}

/**
 * The payload, as a view into `stored`. Throws CORRUPT with the shard and the family (null for the shard's own rows); the
 * key itself holds ids and stays out of it.
 */
export function openValue(key: Uint8Array, stored: Buffer, shard: number): Buffer {
  const end = stored.byteLength - sealBytes
  if (end >= 0) {
    const payload = stored.subarray(0, end)
    if (checksum(payload, checksum(key)) === stored.readUInt32LE(end)) return payload
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
