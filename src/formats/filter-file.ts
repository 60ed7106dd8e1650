import { checksum } from './checksum.js'

/**
 * The filter of conversations as it is kept while the store is closed:
 *
 *     "CLBF" | version u16 LE | layers u16 LE | position u64 LE | per layer: capacity u32 LE, count u32 LE, bits …
 *     | crc32 LE over all of it
 *
 * It can be made anew from the rows at any time, so a file that does not fit is not damage: it is not used.
 */
const magic = 0x46424c43
const version = 1
const headBytes = 16

export interface FilterLayer {
  readonly capacity: number
  readonly count: number
  readonly bits: Uint8Array
}

/** Bits per conversation; with 7 probes about 1 in 120 others is taken for one that is there. */
const bitsPerItem = 10

export function layerBytes(capacity: number): number {
  return Math.ceil((capacity * bitsPerItem) / 8)
}

export function encodeFilter(position: number, layers: readonly FilterLayer[]): Buffer {
  const head = Buffer.alloc(headBytes)
  head.writeUInt32LE(magic, 0)
  head.writeUInt16LE(version, 4)
  head.writeUInt16LE(layers.length, 6)
  head.writeBigUInt64LE(BigInt(position), 8)
  const parts: Uint8Array[] = [head]
  for (const { capacity, count, bits } of layers) {
    const layerHead = Buffer.alloc(8)
    layerHead.writeUInt32LE(capacity, 0)
    layerHead.writeUInt32LE(count, 4)
    parts.push(layerHead, bits)
  }
  const content = Buffer.concat(parts)
  const sum = Buffer.alloc(4)
  sum.writeUInt32LE(checksum(content))
  return Buffer.concat([content, sum])
}

/** Null unless these are the layers as of exactly that position. */
export function decodeFilter(bytes: Buffer, position: number): FilterLayer[] | null {
  const end = bytes.length - 4
  if (end < headBytes || checksum(bytes.subarray(0, end)) !== bytes.readUInt32LE(end)) return null
  if (bytes.readUInt32LE(0) !== magic || bytes.readUInt16LE(4) !== version) return null
  if (bytes.readBigUInt64LE(8) !== BigInt(position)) return null
  const layers: FilterLayer[] = []
  let at = headBytes
  for (let left = bytes.readUInt16LE(6); left > 0; left--) {
    if (at + 8 > end) return null
    const capacity = bytes.readUInt32LE(at)
    const count = bytes.readUInt32LE(at + 4)
    const size = layerBytes(capacity)
    if (at + 8 + size > end) return null
    layers.push({ capacity, count, bits: Uint8Array.from(bytes.subarray(at + 8, at + 8 + size)) })
    at += 8 + size
  }
  return at === end ? layers : null
}
