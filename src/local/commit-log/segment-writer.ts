import { emptyFrame, frameHeaderBytes, frameTypes, paddedLength, sealFrame } from '../../formats/frames.js'
import type { SegmentEnd, SegmentHeader } from '../../formats/segment.js'
import { segmentHeaderBytes } from '../../formats/segment.js'
import type { FileHandle } from '../../platform/file-system.js'
import type { DurableGroup } from './options.js'
import { writeFully, writeFullySynced } from '../../platform/whole-transfers.js'

/**
 * The segment that is being written: one write or sync at a time, frames behind one another. It keeps the books of
 * what is written and what is synced. After an error nothing may be called but `release`.
 */
export class SegmentWriter {
  readonly number: number
  readonly #epoch: number
  readonly #handle: FileHandle
  #end = segmentHeaderBytes
  #syncedEnd = segmentHeaderBytes
  /** The largest synced offset that a written frame states. */
  #statedEnd = segmentHeaderBytes
  #lastPosition: number

  /** The header is on the disk already. */
  constructor(handle: FileHandle, header: SegmentHeader) {
    this.#handle = handle
    this.number = header.number
    this.#epoch = header.epoch
    this.#lastPosition = header.firstPosition - 1
  }

  /** Where the next frame will begin. */
  get end(): number {
    return this.#end
  }

  get isEmpty(): boolean {
    return this.#end === segmentHeaderBytes
  }

  get isSynced(): boolean {
    return this.#syncedEnd === this.#end
  }

  /** True if more is on the disk than a later frame says so far: an idle frame would say it. */
  get wantsIdleFrame(): boolean {
    return this.#syncedEnd > this.#statedEnd && this.isSynced
  }

  /** What the next segment says about this one. */
  get asPrevious(): SegmentEnd {
    return {
      number: this.number,
      epoch: this.#epoch,
      validLength: this.#end,
      lastPosition: this.#lastPosition,
    }
  }

  static frameBytes(group: DurableGroup): number {
    return frameHeaderBytes + paddedLength(group.end - group.start)
  }

  /**
   * One write: the header is made in the room before the first record. `synced` asks for one that is synced at once, which is
   * cheaper than a sync behind it; `isSynced` says whether it was possible.
   */
  async writeGroup(group: DurableGroup, synced = false): Promise<void> {
    const { bytes } = group.chunk
    const start = group.start - frameHeaderBytes
    const end = sealFrame(bytes, start, this.#epoch, {
      type: frameTypes.records,
      offset: this.#end,
      payloadLength: group.end - group.start,
      firstPosition: group.firstPosition,
      count: group.count,
      syncedOffset: this.#syncedEnd,
    })
    const frame = bytes.subarray(start, end)
    // IMPORTANT: such a write syncs itself and nothing before it. Behind an idle frame that a power cut could take, nobody
    // would find it again: there everything has to be synced.
    await this.#write(frame, synced && this.isSynced)
    this.#lastPosition = group.firstPosition + group.count - 1
  }

  /** Says what is synced, and is not synced itself. */
  async writeIdleFrame(): Promise<void> {
    await this.#write(this.#emptyFrame(frameTypes.idle))
  }

  async sync(): Promise<void> {
    const end = this.#end
    await this.#handle.sync()
    this.#syncedEnd = end
  }

  /** Marks the log as closed and ends the file there. */
  async close(): Promise<void> {
    if (!this.isSynced) await this.sync()
    await this.#write(this.#emptyFrame(frameTypes.end))
    await this.#handle.truncate(this.#end)
    await this.sync()
  }

  /** Ends the file behind its last frame; the next segment says where that is, so this need not be durable. */
  async retire(): Promise<void> {
    try {
      await this.#handle.truncate(this.#end)
    } finally {
      await this.#handle.close()
    }
  }

  release(): Promise<void> {
    return this.#handle.close()
  }

  async #write(frame: Buffer, synced = false): Promise<void> {
    const stated = this.#syncedEnd
    await (synced ? writeFullySynced : writeFully)(this.#handle, frame, this.#end)
    this.#end += frame.length
    if (synced) this.#syncedEnd = this.#end
    this.#statedEnd = stated
  }

  #emptyFrame(type: typeof frameTypes.idle | typeof frameTypes.end): Buffer {
    return emptyFrame(this.#epoch, {
      type,
      offset: this.#end,
      firstPosition: this.#lastPosition + 1,
      syncedOffset: this.#syncedEnd,
    })
  }
}
