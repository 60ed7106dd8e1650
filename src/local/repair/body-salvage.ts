import { blockPeekBytes, peekBlock, readBlock, type BlockEntry, type BlockHead } from '../../formats/block.js'
import { bodyHeaderBytes } from '../../formats/body-file.js'
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
const zeroes = Buffer.alloc(4096)

export interface SalvagedBlock {
  readonly bytes: Buffer
  readonly head: BlockHead
  readonly entries: readonly BlockEntry[]
}

/**
 * The blocks of a body file whose checksums fit, and the ranges in between where none does, in their order. Behind a damaged
 * block the next is looked for byte by byte: what looks like one counts only if its checksum says so. Never more than a
 * window of the file, or one block, is in memory: it may be larger than that, and than what one call can read.
 */
export async function* salvageBlocks(file: SalvagedFile): AsyncGenerator<SalvagedBlock | DamagedRange> {
  let from = bodyHeaderBytes
  let doubts = 0
  for (let start = from; start < file.size;) {
    const window = await file.read(start, windowBytes)
    const isLast = start + window.length >= file.size
    // Where only a part of a beginning is in sight, the next window begins.
    const end = isLast ? window.length : window.length - blockPeekBytes
    let at = 0
    while (at < end) {
      const length = lengthAt(window, at, file.size - start - at)
      let block: SalvagedBlock | null = null
      if (length !== null && at + length <= window.length) block = blockOf(window.subarray(at, at + length))
      else if (length !== null && ((await isFollowed(file, start + at + length)) || doubts++ < mostDoubts))
        block = blockOf(await file.read(start + at, length))
      if (block === null) {
        at += emptyAt(window, at)
        continue
      }
      if (from < start + at) yield { offset: from, length: start + at - from }
      yield block
      at += block.bytes.length
      from = start + at
    }
    start += at
  }
  if (from < file.size) yield { offset: from, length: file.size - from }
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

/** Null if the checksum does not fit. */
function blockOf(bytes: Buffer): SalvagedBlock | null {
  try {
    return { bytes, ...readBlock(bytes) }
  } catch {
    return null
  }
}

/** How far to go on where no block begins: over zeroes at once, but for those that may belong to the length of the next. */
function emptyAt(window: Buffer, at: number): number {
  let end = at
  while (end + zeroes.length <= window.length && zeroes.equals(window.subarray(end, end + zeroes.length)))
    end += zeroes.length
  while (end < window.length && window[end] === 0) end++
  return Math.max(1, end - at - (lengthBytes - 1))
}
