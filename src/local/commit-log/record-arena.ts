import { ColumbaError } from '../../errors.js'
import { frameHeaderBytes, maxPayloadBytes, paddedLength, recordLengthBytes } from '../../formats/frames.js'
import type { ChunkPool } from './chunk-pool.js'
import type { Chunk, DurableGroup } from './options.js'

/** Bytes of room after the last record of a frame, for its padding. */
const paddingBytes = 7
/** A chunk with less room than this, or a part of it if chunks are small, is not worth another frame. */
const minFrameRoom = 64 * 1024

/**
 * Where records are written, in the very bytes that go to the disk: each chunk holds frames one behind the other, with
 * the room for a frame's header left free before its first record. Nothing is copied and no object is made for a record.
 */
export class RecordArena {
  readonly #pool: ChunkPool
  readonly #minRoom: number
  #chunk: Chunk
  #bytes: Buffer
  /** Records end here at the latest; 0 if the chunk takes no more. */
  #capacity: number
  /** Where the first record of the open group begins, and where the next one will. */
  #start = frameHeaderBytes
  #end = frameHeaderBytes
  #count = 0
  #next: number
  #appendedBytes = 0
  #sealed: DurableGroup[] = []

  constructor(pool: ChunkPool, nextPosition: number) {
    this.#pool = pool
    this.#minRoom = Math.min(minFrameRoom, pool.chunkBytes >>> 4)
    this.#next = nextPosition
    this.#chunk = pool.take(0)
    this.#bytes = this.#chunk.bytes
    this.#capacity = this.#bytes.length - paddingBytes
  }

  get bytes(): Buffer {
    return this.#bytes
  }

  get nextPosition(): number {
    return this.#next
  }

  /** Bytes of all records ever appended, with their lengths. */
  get appendedBytes(): number {
    return this.#appendedBytes
  }

  get isEmpty(): boolean {
    return this.#count === 0 && this.#sealed.length === 0
  }

  /** The first position that waits here; `nextPosition` if nothing does. */
  get firstWaiting(): number {
    return this.#sealed[0]?.firstPosition ?? this.#next - this.#count
  }

  reserve(bytes: number): number {
    const content = this.#end + recordLengthBytes
    return content + bytes <= this.#capacity ? content : this.#turn(bytes)
  }

  append(end: number): number {
    const start = this.#end
    const length = end - start - recordLengthBytes
    if (!(length >= 0 && end <= this.#capacity))
      throw new RangeError('a record ends outside of what was reserved for it')
    const bytes = this.#bytes
    bytes[start] = length
    bytes[start + 1] = length >>> 8
    bytes[start + 2] = length >>> 16
    bytes[start + 3] = length >>> 24
    this.#end = end
    this.#count += 1
    this.#appendedBytes += length + recordLengthBytes
    return this.#next++
  }

  /** Closes the open group and takes waiting groups in order, those up to about `maxBytes` that begin at or before `through`. */
  take(maxBytes: number, through: number): DurableGroup[] {
    this.#seal()
    let bytes = 0
    let groups = 0
    for (const group of this.#sealed) {
      if (group.firstPosition > through || (groups > 0 && bytes + group.end - group.start > maxBytes)) break
      bytes += group.end - group.start
      groups += 1
    }
    if (groups < this.#sealed.length) return this.#sealed.splice(0, groups)
    const all = this.#sealed
    this.#sealed = []
    return all
  }

  /** Lets go of everything that waits. */
  drop(): void {
    for (const group of this.take(Infinity, Infinity)) group.chunk.release()
    this.#chunk.release()
  }

  #turn(bytes: number): number {
    const needed = frameHeaderBytes + recordLengthBytes + bytes + paddingBytes
    if (!(needed <= maxPayloadBytes)) {
      throw new ColumbaError(
        'TOO_LARGE',
        `a record of ${bytes} bytes is larger than a frame of the log can be`,
        { bytes },
      )
    }
    this.#seal()
    this.#open(needed)
    return this.#end + recordLengthBytes
  }

  /**
   * A retained group, and the next one begins behind it, or in another chunk. IMPORTANT: that chunk is taken for the next record
   * only: there may be no memory for it, and what waits has to be written all the same.
   */
  #seal(): void {
    if (this.#count === 0) return
    this.#chunk.retain()
    this.#sealed.push({
      chunk: this.#chunk,
      start: this.#start,
      end: this.#end,
      firstPosition: this.#next - this.#count,
      count: this.#count,
    })
    this.#count = 0
    this.#start += paddedLength(this.#end - this.#start) + frameHeaderBytes
    this.#end = this.#start
    if (this.#end + this.#minRoom > this.#capacity) this.#capacity = 0
  }

  #open(bytes: number): void {
    const chunk = this.#pool.take(bytes)
    this.#chunk.release()
    this.#chunk = chunk
    this.#bytes = chunk.bytes
    this.#capacity = chunk.bytes.length - paddingBytes
    this.#start = frameHeaderBytes
    this.#end = frameHeaderBytes
  }
}
