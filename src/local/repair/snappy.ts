import { ByteReader, badBytes } from '../../formats/bytes.js'

/** No block of a table that LevelDB writes for us comes near this. */
const maxBytes = 256 * 1024 * 1024

/** Raw Snappy, as LevelDB compresses its blocks: literals and copies of what came before. Throws if it makes no sense. */
export function uncompressSnappy(compressed: Buffer): Buffer {
  const r = new ByteReader(compressed)
  const length = r.varint()
  if (length > maxBytes) throw badBytes('a compressed block is too long')
  const out = Buffer.allocUnsafe(length)
  let at = 0
  while (r.left > 0) {
    const tag = r.u8()
    if ((tag & 3) === 0) {
      const size = literalLength(r, tag >>> 2)
      if (at + size > length) throw badBytes('a compressed block is longer than it says')
      at += r.raw(size).copy(out, at)
      continue
    }
    const [size, offset] = copyOf(r, tag)
    if (offset === 0 || offset > at || at + size > length)
      throw badBytes('a compressed block copies from nowhere')
    // Byte by byte: a copy may overlap what it writes.
    for (let i = 0; i < size; i++, at++) out[at] = out[at - offset] as number
  }
  if (at !== length) throw badBytes('a compressed block is shorter than it says')
  return out
}

function literalLength(r: ByteReader, code: number): number {
  return 1 + (code < 60 ? code : littleEndian(r, code - 59))
}

function copyOf(r: ByteReader, tag: number): [size: number, offset: number] {
  if ((tag & 3) === 1) return [4 + ((tag >>> 2) & 7), ((tag >>> 5) << 8) | r.u8()]
  return [1 + (tag >>> 2), littleEndian(r, (tag & 3) === 2 ? 2 : 4)]
}

function littleEndian(r: ByteReader, bytes: number): number {
  return r.raw(bytes).readUIntLE(0, bytes)
}
