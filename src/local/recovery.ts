import { recordKinds } from '../formats/records.js'
import { recordTime } from './fold/fold.js'
import type { RecordRange } from './fold/sink.js'
import type { Chunk, DurableGroup } from './commit-log/options.js'

/**
 * Recovery is the flush once more: the records above the checkpoint, cut into the same generations by the same cut
 * records, go through the same fold into the shards. Nothing is decided by what the shards hold, so a crash during
 * recovery is just another crash.
 */
export class Recovery {
  readonly #flush: (ranges: readonly RecordRange[]) => Promise<void>
  #ranges: RecordRange[] = []
  readonly #chunks: Chunk[] = []
  /** Position of the last cut that was flushed. */
  flushed: number
  lastTimestamp = 0

  constructor(afterPosition: number, flush: (ranges: readonly RecordRange[]) => Promise<void>) {
    this.flushed = afterPosition
    this.#flush = flush
  }

  /** Records behind the last cut: the next cut belongs to them. */
  get rest(): readonly RecordRange[] {
    return this.#ranges
  }

  readonly take = async (group: DurableGroup): Promise<void> => {
    const { bytes } = group.chunk
    let start = group.start
    let first = group.firstPosition
    let at = group.start
    group.chunk.retain()
    this.#chunks.push(group.chunk)
    for (let i = 0; i < group.count; i++) {
      const content = at + 4
      const end = content + bytes.readUInt32LE(at)
      this.lastTimestamp = Math.max(this.lastTimestamp, recordTime(bytes, content))
      at = end
      if (bytes[content] !== recordKinds.cut) continue
      const position = group.firstPosition + i
      this.#ranges.push({ bytes, start, end, firstPosition: first, count: position - first + 1 })
      await this.#flush(this.#ranges)
      this.flushed = position
      this.#ranges = []
      start = end
      first = position + 1
      this.#releaseAllBut(group.chunk)
    }
    const count = group.firstPosition + group.count - first
    if (count > 0) this.#ranges.push({ bytes, start, end: group.end, firstPosition: first, count })
  }

  /** The rest has been flushed as well. */
  done(): void {
    this.#ranges = []
    for (const chunk of this.#chunks) chunk.release()
    this.#chunks.length = 0
  }

  #releaseAllBut(kept: Chunk): void {
    const last = this.#chunks.at(-1)
    for (const chunk of this.#chunks.splice(0, this.#chunks.length - 1)) chunk.release()
    if (last !== kept) throw new Error('groups come in order')
  }
}
