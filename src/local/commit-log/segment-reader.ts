import type { FrameHeader } from '../../formats/frames.js'
import {
  frameAlignment,
  frameHeaderBytes,
  frameTypes,
  isPayloadSound,
  paddedLength,
  readFrameHeader,
} from '../../formats/frames.js'
import type { SegmentHeader } from '../../formats/segment.js'
import { segmentHeaderBytes } from '../../formats/segment.js'
import type { FileHandle } from '../../platform/file-system.js'
import type { ChunkPool } from './chunk-pool.js'
import type { Chunk, DurableGroup } from './options.js'
import { readFully } from '../../platform/whole-transfers.js'

/** How far a segment is whole. */
export interface ReadThrough {
  /** Where the last whole frame ends. */
  readonly end: number
  readonly lastPosition: number
  /** The last whole frame says that the log was closed. */
  readonly endsClosed: boolean
}

/**
 * Reads the frames of a segment up to the first one that is not whole, or to `limit`. Memory is taken for a frame only
 * when its header is sound and the file has that many bytes. `onGroup` borrows the chunk for the time of the call.
 */
export async function readSegment(
  handle: FileHandle,
  header: SegmentHeader,
  limit: number,
  pool: ChunkPool,
  onGroup: (group: DurableGroup) => Promise<void> | void,
): Promise<ReadThrough> {
  let end = segmentHeaderBytes
  let lastPosition = header.firstPosition - 1
  let endsClosed = false
  const window = new Window(handle, limit, pool)
  try {
    for (;;) {
      if (!window.has(end, frameHeaderBytes)) await window.move(end, frameHeaderBytes)
      const frame = window.header(end, header.epoch)
      if (frame === null || frame.firstPosition !== lastPosition + 1) break
      const length = frameHeaderBytes + paddedLength(frame.payloadLength)
      if (end + length > limit) break
      if (!window.has(end, length)) await window.move(end, length)
      const group = window.group(end, header.epoch, frame)
      if (group === null) break
      if (frame.type === frameTypes.records) {
        const waiting = onGroup(group)
        if (waiting !== undefined) await waiting
      }
      end += length
      lastPosition += frame.count
      endsClosed = frame.type === frameTypes.end
    }
  } finally {
    window.release()
  }
  return { end, lastPosition, endsClosed }
}

/** The part of the file that is in memory. Each move reads into a chunk of its own: groups keep theirs. */
class Window {
  readonly #handle: FileHandle
  readonly #limit: number
  readonly #pool: ChunkPool
  #chunk: Chunk | null = null
  #from = 0
  #filled = 0

  constructor(handle: FileHandle, limit: number, pool: ChunkPool) {
    this.#handle = handle
    this.#limit = limit
    this.#pool = pool
  }

  has(offset: number, length: number): boolean {
    return this.#chunk !== null && offset + length <= this.#from + this.#filled
  }

  async move(offset: number, length: number): Promise<void> {
    this.release()
    this.#chunk = this.#pool.take(length)
    this.#from = offset
    this.#filled = 0
    const room = Math.min(this.#chunk.bytes.length, Math.max(0, this.#limit - offset))
    this.#filled = await readFully(this.#handle, this.#chunk.bytes.subarray(0, room), offset)
  }

  header(offset: number, epoch: number): FrameHeader | null {
    if (this.#chunk === null || !this.has(offset, frameHeaderBytes)) return null
    return readFrameHeader(this.#chunk.bytes, offset - this.#from, epoch, offset)
  }

  group(offset: number, epoch: number, frame: FrameHeader): DurableGroup | null {
    const length = frameHeaderBytes + paddedLength(frame.payloadLength)
    if (this.#chunk === null || !this.has(offset, length)) return null
    const start = offset - this.#from + frameHeaderBytes
    if (!isPayloadSound(this.#chunk.bytes, start, epoch, frame)) return null
    const { firstPosition, count } = frame
    return { chunk: this.#chunk, start, end: start + frame.payloadLength, firstPosition, count }
  }

  release(): void {
    this.#chunk?.release()
    this.#chunk = null
  }
}

/** What lies behind the last whole frame of a segment. */
export interface Remainder {
  /** Where a later frame begins that states a synced offset above the end: what is missing there was durable. */
  readonly witness: number | null
  /** Up to the last byte that is not zero. */
  readonly bytes: number
}

const windowBytes = 1024 * 1024
const blockBytes = 4096
const zeroBlock = Buffer.alloc(blockBytes)

/** Looks at every place behind `end` where a frame may begin, once; blocks of zeroes are passed over. */
export async function readRemainder(
  handle: FileHandle,
  epoch: number,
  end: number,
  size: number,
): Promise<Remainder> {
  const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(windowBytes, size - end)))
  let last = end
  for (let from = end; from < size; from += windowBytes - frameHeaderBytes) {
    const filled = await readFully(handle, bytes.subarray(0, Math.min(bytes.length, size - from)), from)
    const window = bytes.subarray(0, filled)
    for (let block = 0; block < filled; block += blockBytes) {
      const blockEnd = Math.min(block + blockBytes, filled)
      if (window.compare(zeroBlock, 0, blockEnd - block, block, blockEnd) === 0) continue
      for (let at = block; at < blockEnd; at += frameAlignment) {
        const offset = from + at
        const frame = offset > end ? readFrameHeader(window, at, epoch, offset) : null
        if (frame !== null && frame.syncedOffset > end) return { witness: offset, bytes: size - end }
      }
      last = Math.max(last, from + lastNonZero(window, block, blockEnd) + 1)
    }
    if (from + filled >= size) break
  }
  return { witness: null, bytes: last - end }
}

function lastNonZero(bytes: Buffer, from: number, to: number): number {
  let at = to - 1
  while (at > from && bytes[at] === 0) at -= 1
  return at
}
