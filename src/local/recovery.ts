import { recordKinds } from '../formats/records.js'
import { recordTime } from './fold/fold.js'
import type { RecordRange } from './fold/sink.js'
import type { Chunk, DurableGroup } from './commit-log/options.js'

/**
 * Recovery is the flush once more: the records above the checkpoint, cut into the same generations by the same cut
 * records, go through the same fold into the shards. Nothing is decided by what the shards hold, so a crash during
 * recovery is just another crash. The next generation is read while the one before is being flushed.
 */
export class Recovery {
  readonly #flush: (ranges: readonly RecordRange[]) => Promise<void>
  #ranges: RecordRange[] = []
  /** In which the ranges lie. */
  #chunks: Chunk[] = []
  /** Flushes under way, oldest first. */
  readonly #underWay: Promise<void>[] = []
  /** Position of the last cut; everything up to it is flushed when `settled` has resolved. */
  lastCut: number
  lastTimestamp = 0

  constructor(afterPosition: number, flush: (ranges: readonly RecordRange[]) => Promise<void>) {
    this.lastCut = afterPosition
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
    this.#hold(group.chunk)
    for (let i = 0; i < group.count; i++) {
      const content = at + 4
      const end = content + bytes.readUInt32LE(at)
      this.lastTimestamp = Math.max(this.lastTimestamp, recordTime(bytes, content))
      at = end
      if (bytes[content] !== recordKinds.cut) continue
      const position = group.firstPosition + i
      this.#ranges.push({ bytes, start, end, firstPosition: first, count: position - first + 1 })
      this.lastCut = position
      this.#begin()
      this.#hold(group.chunk)
      start = end
      first = position + 1
      // Two at a time: one waits for the disk, or is written, and one is folded.
      if (this.#underWay.length > 1) await this.#underWay.shift()
    }
    const count = group.firstPosition + group.count - first
    if (count > 0) this.#ranges.push({ bytes, start, end: group.end, firstPosition: first, count })
  }

  /** Resolves when all that was cut has been flushed. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay)
  }

  /** The rest has been flushed as well. */
  done(): void {
    this.#ranges = []
    release(this.#chunks)
  }

  #hold(chunk: Chunk): void {
    if (this.#chunks.at(-1) === chunk) return
    chunk.retain()
    this.#chunks.push(chunk)
  }

  #begin(): void {
    const chunks = this.#chunks
    const flushed = this.#flush(this.#ranges).finally(() => {
      release(chunks)
    })
    flushed.catch(() => undefined)
    this.#underWay.push(flushed)
    this.#ranges = []
    this.#chunks = []
  }
}

function release(chunks: Chunk[]): void {
  for (const chunk of chunks.splice(0)) chunk.release()
}
