import { peekBlock, readBlock, type BlockEntry, type BlockHead } from '../../formats/block.js'
import { bodyHeaderBytes } from '../../formats/body-file.js'

export interface SalvagedBlock {
  readonly bytes: Buffer
  readonly head: BlockHead
  readonly entries: readonly BlockEntry[]
}

/** A part of a file that nothing could be read from. */
export interface DamagedRange {
  readonly offset: number
  readonly length: number
}

/**
 * The blocks of a body file whose checksums fit, and the ranges in between where none does. Behind a damaged block the next
 * is looked for byte by byte: what looks like one counts only if its checksum says so.
 */
export function salvageBlocks(file: Buffer): { blocks: SalvagedBlock[]; damaged: DamagedRange[] } {
  const blocks: SalvagedBlock[] = []
  const damaged: DamagedRange[] = []
  let from = bodyHeaderBytes
  for (let at = from; at < file.length;) {
    const block = blockAt(file, at)
    if (block === null) {
      at++
      continue
    }
    if (from < at) damaged.push({ offset: from, length: at - from })
    blocks.push(block)
    from = at += block.bytes.length
  }
  if (from < file.length) damaged.push({ offset: from, length: file.length - from })
  return { blocks, damaged }
}

function blockAt(file: Buffer, at: number): SalvagedBlock | null {
  if (at + 4 > file.length || file.readUInt32LE(at) > file.length - at) return null
  try {
    const bytes = file.subarray(at, at + peekBlock(file, at).length)
    return { bytes, ...readBlock(bytes) }
  } catch {
    return null
  }
}
