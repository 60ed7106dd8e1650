import { crc32 } from 'node:zlib'
import { ByteReader, ByteWriter, badBytes } from './bytes.js'

/**
 * A block: consecutive messages of one conversation in a body file. Direct conversations name authors by their place
 * in the sorted pair; groups carry a table of senders.
 *
 *     crc32 u32 LE over all that follows | conversation id | first seq | messages of the first participant before
 *     | number of senders, senders (0 for direct) | count | per message: position delta, time delta, author, length, body
 *
 * Numbers are varints, strings have their length before them; the first deltas are the values themselves.
 */
export interface BlockHead {
  readonly conversation: string
  readonly firstSeq: number
  /** Direct: n0 of the message before. */
  readonly n0Before: number
  /** Groups: who wrote in this block. Empty for direct. */
  readonly senders: readonly string[]
  readonly count: number
}

export interface BlockEntry {
  readonly seq: number
  readonly position: number
  readonly timestamp: number
  /** Direct: 0 or 1; groups: index into `senders`. */
  readonly author: number
  /** Where the body lies in the block's bytes. */
  readonly start: number
  readonly end: number
}

/** Writes blocks one after the other into one growing buffer: a body file in the making. */
export class BlockWriter {
  readonly #out = new ByteWriter(1 << 16)
  readonly #entries = new ByteWriter(1 << 14)
  #count = 0
  #position = 0
  #timestamp = 0

  get length(): number {
    return this.#out.length
  }

  add(
    position: number,
    timestamp: number,
    author: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.#entries
      .varint(position - this.#position)
      .varint(timestamp - this.#timestamp)
      .varint(author)
    this.#entries.varint(end - start).raw(bytes, start, end)
    this.#position = position
    this.#timestamp = timestamp
    this.#count++
  }

  /** Closes the block and returns its bytes; the next one begins empty. */
  finish(conversation: string, firstSeq: number, n0Before: number, senders: readonly string[]): Buffer {
    const w = this.#out.reset()
    w.string(conversation).varint(firstSeq).varint(n0Before).varint(senders.length)
    for (const sender of senders) w.string(sender)
    w.varint(this.#count).raw(this.#entries.finish())
    const content = w.finish()
    const block = Buffer.allocUnsafe(4 + content.length)
    block.writeUInt32LE(crc32(content), 0)
    content.copy(block, 4)
    this.#entries.reset()
    this.#count = this.#position = this.#timestamp = 0
    return block
  }
}

export function readBlock(block: Buffer): { head: BlockHead; entries: BlockEntry[] } {
  if (block.length < 4 || crc32(block.subarray(4)) !== block.readUInt32LE(0))
    throw badBytes('a block has a wrong checksum')
  const r = new ByteReader(block, 4)
  const conversation = r.string()
  const firstSeq = r.varint()
  const n0Before = r.varint()
  const senders: string[] = []
  for (let i = r.varint(); i > 0; i--) senders.push(r.string())
  const count = r.varint()
  const entries: BlockEntry[] = []
  let position = 0
  let timestamp = 0
  for (let i = 0; i < count; i++) {
    position += r.varint()
    timestamp += r.varint()
    const author = r.varint()
    const length = r.varint()
    const start = r.at
    r.raw(length)
    entries.push({ seq: firstSeq + i, position, timestamp, author, start, end: start + length })
  }
  return { head: { conversation, firstSeq, n0Before, senders, count }, entries }
}
