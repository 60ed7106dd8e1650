import { cutOf } from '../../formats/body-file.js'
import { recordLengthBytes } from '../../formats/frames.js'
import { recordKinds } from '../../formats/records.js'
import { recordTime } from '../fold/fold.js'
import type { RecordRange } from '../fold/sink.js'
import type { Chunk, DurableGroup } from '../commit-log/options.js'

/** Flushes under way: one is written, and the next one is folded. */
const parallelFlushes = 2

/**
 * The record up to which shards or body files have anything. The log was on the disk that far before they were written, so one
 * that ends earlier has lost something, and its numbers must not be given out again.
 */
export function storedThrough(
  checkpoints: readonly { readonly position: number }[],
  bodyFiles: readonly number[],
): number {
  return Math.max(0, ...checkpoints.map(({ position }) => position), ...bodyFiles.map(cutOf))
}

/**
 * Recovery is the flush once more: the records above the checkpoint, cut into the same generations by the same cut
 * records, go through the same fold into the shards. Nothing is decided by what the shards hold, so a crash during
 * recovery is just another crash.
 *
 * The next generation is read while the one before is being flushed; the first ones are folded even before the end of the
 * log is known to be on the disk, and written behind that.
 */
export class Recovery {
  readonly #flush: (ranges: readonly RecordRange[]) => Promise<void>
  #ranges: RecordRange[] = []
  /** In which the ranges lie. */
  #chunks: Chunk[] = []
  /** Oldest first. */
  readonly #underWay: Promise<void>[] = []
  #allow!: () => void
  #forbid!: (reason: Error) => void
  /** Resolves when what is found may be written. */
  readonly allowed = new Promise<void>((resolve, reject) => {
    this.#allow = resolve
    this.#forbid = reject
  })
  /** Position of the last cut; everything up to it is flushed when `settled` has resolved. */
  lastCut: number
  /** Bytes of the log up to there, above the checkpoint. */
  cutBytes = 0
  lastTimestamp = 0

  /** `flush` writes nothing before `allowed` has resolved. */
  constructor(afterPosition: number, flush: (ranges: readonly RecordRange[]) => Promise<void>) {
    this.lastCut = afterPosition
    this.#flush = flush
    this.allowed.catch(() => undefined)
  }

  /** Records after the last cut: the next cut belongs to them. */
  get rest(): readonly RecordRange[] {
    return this.#ranges
  }

  /** Records whose end is not known to be on the disk; of as many generations as may be under way. */
  readonly find = (group: DurableGroup): void => {
    if (this.#underWay.length < parallelFlushes) this.#take(group)
  }

  /** The end of the log is on the disk. Records after the last cut are handed over once more. */
  readonly allow = (): number => {
    this.done()
    this.#allow()
    return this.lastCut
  }

  /** The opening has failed: what is not allowed yet never will be. */
  readonly forbid = (): void => {
    this.#forbid(new Error('the store was not opened'))
  }

  readonly take = async (group: DurableGroup): Promise<void> => {
    this.#take(group)
    while (this.#underWay.length >= parallelFlushes) await this.#underWay.shift()
  }

  #take(group: DurableGroup): void {
    const { bytes } = group.chunk
    let start = group.start
    let first = group.firstPosition
    let at = group.start
    this.#hold(group.chunk)
    for (let i = 0; i < group.count; i++) {
      const content = at + recordLengthBytes
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
    }
    const count = group.firstPosition + group.count - first
    if (count > 0) this.#ranges.push({ bytes, start, end: group.end, firstPosition: first, count })
  }

  /** Resolves when all that was cut has been flushed. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay)
  }

  /** Lets go of the rest. */
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
    this.cutBytes += this.#ranges.reduce((sum, { start, end }) => sum + end - start, 0)
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
