import { blockPeekBytes, peekBlock, readBlock, type BlockEntry, type BlockHead } from '../../formats/block.js'
import { bodyHeaderBytes } from '../../formats/body-file.js'
import { maxIdBytes } from '../../model/message-ids.js'
import type { DamagedRange, SalvagedFile } from './salvaged-file.js'

const MiB = 1024 * 1024
/** So much of a file is looked at at once. */
const windowBytes = 4 * MiB
/** No block is longer: it holds what one conversation got in one generation, which is closed at 8 MiB. */
const maxBlockBytes = 128 * MiB
/**
 * So often in a file a block is read on a mere suspicion. Behind damage a block may begin at any byte, and four bytes of text
 * look like a length of some megabytes: whoever read all that each time would read the file thousands of times. What lies
 * within the window costs nothing. What would end beyond it is read if another block seems to begin there, or the file ends.
 * Where neither is so, it may be a block all the same, with a damaged one behind it: that is tried this often.
 */
const mostDoubts = 32
/** Length and checksum; a block is longer than that. */
const leastBytes = 8
const lengthBytes = 4
/** A record has no room for a later time. */
const maxTimestamp = 2 ** 48 - 1
const zeroes = Buffer.alloc(4096)

interface SoundBlock {
  readonly bytes: Buffer
  readonly head: BlockHead
  readonly entries: readonly BlockEntry[]
}

export interface SalvagedBlock extends SoundBlock {
  /** It lies where a block must lie. One that does not may be part of somebody's text. */
  readonly isInPlace: boolean
}

/** Where a block lies in its file. */
export interface BlockPlace {
  readonly offset: number
  readonly length: number
}

/** What is known of a body file besides its bytes. */
export interface KnownOfFile {
  /** No message in it has a higher position. */
  readonly cut: number
  /** Where rows of the shards say that blocks lie, in order. */
  readonly places: AsyncIterable<BlockPlace>
}

/**
 * The blocks of a body file whose checksums fit, and the ranges in between where none does, in their order. Never more than a
 * window of the file, or one block, is in memory: it may be larger than that, and than what one call can read.
 *
 * Whoever sends a message can make its text look like a block, with a checksum that fits: the formats' checksums have no secret. So
 * what is inside of a block is never looked at while anything tells where that ends:
 *
 *  1. The first block begins behind the file's header, and each next one where the one before ends.
 *  2. A damaged block ends where the row says that names it; rows have seals of their own, and no text can say one.
 *  3. Without such a row it ends where its own length says, if that leads (over further damaged ones) to a block whose checksum
 *     fits, to one that a row names, or to the end of the file.
 *  4. Only where neither is so is the next one looked for, byte by byte, up to the next one that a row names. What is found
 *     there, and what follows that, is not *in place*: it counts only where nothing else tells of the same messages.
 *
 * A block with positions above the file's cut, with more messages than positions before it, or with ids or times for which
 * no record has room, is none.
 */
export async function* salvageBlocks(
  file: SalvagedFile,
  { cut, places }: KnownOfFile,
): AsyncGenerator<SalvagedBlock | DamagedRange> {
  const named = places[Symbol.asyncIterator]()
  try {
    yield* blocksAlong(file, cut, named)
  } finally {
    await named.return?.()
  }
}

async function* blocksAlong(
  file: SalvagedFile,
  cut: number,
  named: AsyncIterator<BlockPlace>,
): AsyncGenerator<SalvagedBlock | DamagedRange> {
  const nextPlace = async (): Promise<BlockPlace | null> => {
    let next = await named.next()
    // A row that says so little names no block, and would lead to where it stands, again and again.
    while (next.done !== true && next.value.length <= leastBytes) next = await named.next()
    return next.done === true ? null : next.value
  }
  let place = await nextPlace()
  // A block should begin here.
  let from = bodyHeaderBytes
  let isInPlace = true
  let doubts = 0
  for (let start = from; start < file.size;) {
    const window = await file.read(start, windowBytes)
    const isLast = start + window.length >= file.size
    // Where only a part of a beginning is in sight, the next window begins.
    const end = isLast ? window.length : window.length - blockPeekBytes
    let at = 0
    while (at < end) {
      const offset = start + at
      while (place !== null && place.offset < offset) place = await nextPlace()
      if (place?.offset === offset) {
        if (from < offset) yield { offset: from, length: offset - from }
        from = offset
        isInPlace = true
      }
      // What is looked for does not reach into what a row names.
      const limit: number = isInPlace ? file.size : (place?.offset ?? file.size)
      const length = lengthAt(window, at, limit - offset)
      let block: SoundBlock | null = null
      if (length !== null && at + length <= window.length)
        block = blockOf(window.subarray(at, at + length), cut)
      else if (
        length !== null &&
        (from === offset || (await isFollowed(file, offset + length)) || doubts++ < mostDoubts)
      )
        block = blockOf(await file.read(offset, length), cut)
      if (block !== null) {
        if (from < offset) yield { offset: from, length: offset - from }
        yield { ...block, isInPlace }
        at += block.bytes.length
        from = start + at
        continue
      }
      if (from === offset) {
        const next = await behindDamaged(file, offset, place, cut)
        if (next !== null) {
          yield { offset, length: next - offset }
          from = next
          at = next - start
          continue
        }
        isInPlace = false
      }
      at += Math.min(
        emptyAt(window, at),
        place === null || place.offset === offset ? Infinity : place.offset - offset,
      )
    }
    start += at
  }
  if (from < file.size) yield { offset: from, length: file.size - from }
}

/**
 * Where something begins again behind the damaged block at `offset`; null if neither a row nor its own length says it. Where
 * a row says it nothing else is asked: a damaged length may lead into a text, of this block or of the next damaged one.
 */
async function behindDamaged(
  file: SalvagedFile,
  offset: number,
  place: BlockPlace | null,
  cut: number,
): Promise<number | null> {
  const isNamed = place?.offset === offset
  if (isNamed && offset + place.length <= file.size) return offset + place.length
  const limit = place === null || isNamed ? file.size : place.offset
  const own = lengthAt(await file.read(offset, blockPeekBytes), 0, limit - offset)
  return own === null ? null : edgeFrom(file, offset + own, limit, cut)
}

/** The first edge of a chain of blocks that begins at `from`: one whose checksum fits, or `limit` itself. Null without any. */
async function edgeFrom(
  file: SalvagedFile,
  from: number,
  limit: number,
  cut: number,
): Promise<number | null> {
  for (let at = from; at < limit;) {
    const length = lengthAt(await file.read(at, blockPeekBytes), 0, limit - at)
    if (length === null) return null
    if (blockOf(await file.read(at, length), cut) !== null) return at
    at += length
  }
  return limit
}

/** How long the block is that seems to begin here; null if none does. */
function lengthAt(window: Buffer, at: number, left: number): number | null {
  if (at + leastBytes >= window.length) return null
  const length = window.readUInt32LE(at)
  if (length <= leastBytes || length > Math.min(left, maxBlockBytes)) return null
  try {
    return peekBlock(window, at).firstSeq > 0 ? length : null
  } catch {
    return null
  }
}

/** Whether something ends here: another block seems to begin, or the file is over. */
async function isFollowed(file: SalvagedFile, offset: number): Promise<boolean> {
  if (offset === file.size) return true
  return lengthAt(await file.read(offset, blockPeekBytes), 0, file.size - offset) !== null
}

/** Null if the checksum does not fit, or it says what no block in such a file says. */
function blockOf(bytes: Buffer, cut: number): SoundBlock | null {
  try {
    const { head, entries } = readBlock(bytes)
    const [first, last] = [entries[0], entries.at(-1)]
    const isPossible =
      first === undefined ||
      last === undefined ||
      (first.seq <= first.position && last.position <= cut && last.timestamp <= maxTimestamp)
    return isPossible && isId(head.conversation) && head.senders.every(isId) ? { bytes, head, entries } : null
  } catch {
    return null
  }
}

function isId(id: string): boolean {
  return id !== '' && Buffer.byteLength(id) <= maxIdBytes
}

/** How far to go on where no block begins: over zeroes at once, but for those that may belong to the length of the next. */
function emptyAt(window: Buffer, at: number): number {
  let end = at
  while (end + zeroes.length <= window.length && zeroes.equals(window.subarray(end, end + zeroes.length)))
    end += zeroes.length
  while (end < window.length && window[end] === 0) end++
  return Math.max(1, end - at - (lengthBytes - 1))
}
