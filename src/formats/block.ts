import { ByteReader, ByteWriter, badBytes } from './bytes.js'
import { checksum } from './checksum.js'
import { directConversationId } from '../model/direct-conversation-id.js'

/**
 * A block: consecutive messages of one conversation in a body file. It names those who may have written in it, and says
 * by itself whose conversation it is, so that rows can be made anew from blocks: of a direct conversation it names the
 * two participants in their order (one, of notes to oneself), of a group those who wrote in this block.
 *
 *     length of the whole u32 LE | crc32 u32 LE over all that follows | conversation id | first seq
 *     | messages of the first participant before | number of senders, senders | number of joined, joined
 *     | count | authors | per message: position delta, time delta, length, body
 *
 * The id of a direct conversation follows from its participants, and is empty. Numbers are varints, strings have their
 * length before them; the first deltas are the values themselves. *Joined* are the first seqs, after its own, of the blocks
 * that were merged into this one; they too are kept as deltas. The *authors* are indices into the senders, one per message:
 * nothing where there is one sender, a bit each where there are two, from the lowest bit of a byte on, and numbers where
 * there are more.
 */
export interface BlockHead {
  readonly conversation: string
  readonly firstSeq: number
  /** Direct: messages of the first participant before this block (n0 in records.ts). Groups: 0. */
  readonly n0Before: number
  /** Direct: the participants. Groups: who wrote in this block. */
  readonly senders: readonly string[]
  /** First seqs of the blocks behind the first that were merged into this one; ascending. */
  readonly joined: readonly number[]
  readonly count: number
}

/** What can be told of a block by its beginning, before it has been checked. */
export interface BlockPeek {
  readonly length: number
  readonly conversation: string
  readonly firstSeq: number
}

/** Length and checksum, which stand before what is checked. */
const sealBytes = 8

/** No more of a block is needed to look at its beginning: the id of a group, or two numbers and two participants. */
export const blockPeekBytes = sealBytes + 1 + 2 * 8 + 1 + 2 * (2 + 256)

export interface BlockEntry {
  readonly seq: number
  readonly position: number
  readonly timestamp: number
  /** Index into `senders`. */
  readonly author: number
  /** Where the body lies in the block's bytes. */
  readonly start: number
  readonly end: number
}

/** Writes blocks one after the other into one growing buffer: a body file in the making. */
export class BlockWriter {
  readonly #out = new ByteWriter(1 << 16)
  readonly #entries = new ByteWriter(1 << 14)
  readonly #authors: number[] = []
  #count = 0
  #position = 0
  #timestamp = 0

  /** Messages in the block that is being written. */
  get count(): number {
    return this.#count
  }

  /** What they take in it so far. */
  get bytes(): number {
    return this.#entries.length
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
      .varint(end - start)
    this.#entries.raw(bytes, start, end)
    this.#position = position
    this.#timestamp = timestamp
    this.#authors.push(author)
    this.#count++
  }

  /**
   * Closes the block and returns its bytes; the next one begins empty. `conversation` is null for the direct one of the
   * senders.
   */
  finish(
    conversation: string | null,
    firstSeq: number,
    n0Before: number,
    senders: readonly string[],
    joined: readonly number[] = [],
  ): Buffer {
    const w = this.#out.reset()
    w.u32(0)
      .u32(0)
      .string(conversation ?? '')
    w.varint(firstSeq).varint(n0Before).varint(senders.length)
    for (const sender of senders) w.string(sender)
    w.varint(joined.length)
    let last = firstSeq
    for (const seq of joined) {
      w.varint(seq - last)
      last = seq
    }
    w.varint(this.#count)
    writeAuthors(w, this.#authors, senders.length)
    w.raw(this.#entries.view())
    const block = w.finish()
    block.writeUInt32LE(block.length, 0)
    block.writeUInt32LE(checksum(block.subarray(sealBytes)), 4)
    this.#entries.reset()
    this.#authors.length = 0
    this.#count = this.#position = this.#timestamp = 0
    return block
  }
}

function writeAuthors(w: ByteWriter, authors: readonly number[], senders: number): void {
  if (senders === 1) return
  if (senders > 2) for (const author of authors) w.varint(author)
  else {
    for (let from = 0; from < authors.length; from += 8) {
      let bits = 0
      for (let i = from; i < Math.min(from + 8, authors.length); i++)
        bits |= (authors[i] as number) << (i - from)
      w.u8(bits)
    }
  }
}

/** Reads them from where `r` stands; how many there are is not to be trusted yet. */
function readAuthors(r: ByteReader, count: number, senders: number): (i: number) => number {
  if (senders === 1) return () => 0
  if (senders > 2) {
    const authors: number[] = []
    for (let i = 0; i < count; i++) authors.push(r.varint())
    return (i) => authors[i] as number
  }
  const { bytes, at } = r
  r.skip(Math.ceil(count / 8))
  return (i) => ((bytes[at + (i >>> 3)] as number) >>> (i & 7)) & 1
}

/** The beginning of the block that begins at `at`; `bytes` hold at least `blockPeekBytes` of it, or all up to the file's end. */
export function peekBlock(bytes: Buffer, at: number): BlockPeek {
  const r = new ByteReader(bytes, at)
  const length = r.u32()
  r.u32()
  if (length <= sealBytes) throw badBytes('a block has no content')
  const named = r.string()
  const firstSeq = r.varint()
  if (named !== '') return { length, conversation: named, firstSeq }
  r.varint()
  return { length, conversation: directOf(readSenders(r, participants)), firstSeq }
}

/** Of a direct conversation there are no more; what has not been checked yet may say anything. */
const participants = 2

function readSenders(r: ByteReader, most = Infinity): string[] {
  const senders: string[] = []
  const count = r.varint()
  if (count > most) throw badBytes('a block names too many participants')
  for (let i = count; i > 0; i--) senders.push(r.string())
  return senders
}

/** The direct conversation of its participants: one, of notes to oneself, or two. */
function directOf([first, second = first]: readonly string[]): string {
  if (first === undefined || second === undefined)
    throw badBytes('a block names neither conversation nor participants')
  return directConversationId(first, second)
}

export function readBlock(block: Buffer): { head: BlockHead; entries: BlockEntry[] } {
  if (
    block.length < sealBytes ||
    block.readUInt32LE(0) !== block.length ||
    checksum(block.subarray(sealBytes)) !== block.readUInt32LE(4)
  )
    throw badBytes('a block has a wrong length or checksum')
  const r = new ByteReader(block, sealBytes)
  const named = r.string()
  const firstSeq = r.varint()
  const n0Before = r.varint()
  const senders = readSenders(r)
  const joined: number[] = []
  let join = firstSeq
  for (let i = r.varint(); i > 0; i--) joined.push((join += r.varint()))
  const count = r.varint()
  let conversation = named === '' ? null : named
  return {
    head: {
      // The id of a direct conversation is worked out only if it is asked for: mostly whoever reads the block knows it.
      get conversation() {
        return (conversation ??= directOf(senders))
      },
      firstSeq,
      n0Before,
      senders,
      joined,
      count,
    },
    entries: readEntries(r, firstSeq, count, readAuthors(r, count, senders.length)),
  }
}

/** Numbers in front of each message. */
const numbers = 3

/** One loop without calls for what is usual: who opens a conversation waits for the first block, not for the millionth. */
function readEntries(
  r: ByteReader,
  firstSeq: number,
  count: number,
  authorOf: (i: number) => number,
): BlockEntry[] {
  const { bytes, end } = r
  const entries: BlockEntry[] = []
  const read = [0, 0, 0]
  let { at } = r
  let position = 0
  let timestamp = 0
  for (let i = 0; i < count; i++) {
    const isFarFromEnd = at + 2 * numbers <= end
    for (let field = 0; field < numbers; field++) {
      const low = bytes[at] as number
      const high = bytes[at + 1] as number
      if (low < 0x80 && isFarFromEnd) {
        read[field] = low
        at++
      } else if (high < 0x80 && isFarFromEnd) {
        read[field] = (low & 0x7f) | (high << 7)
        at += 2
      } else {
        r.at = at
        read[field] = r.varint()
        at = r.at
      }
    }
    position += read[0] as number
    timestamp += read[1] as number
    const start = at
    at += read[2] as number
    if (at > end) throw badBytes('a block ends too early')
    entries.push({ seq: firstSeq + i, position, timestamp, author: authorOf(i), start, end: at })
  }
  return entries
}
