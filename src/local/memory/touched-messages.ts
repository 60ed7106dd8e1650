import { recordLengthBytes } from '../../formats/frames.js'
import { none } from '../columns.js'
import type { RecordChunks } from './message-index.js'

/** The messages of one conversation in a live generation. They stay bytes in the log's chunks. */
export class TouchedMessages {
  /** The generation, as far as it is needed here. */
  readonly generation: RecordChunks
  /** The seq of the first message here; meaningless without messages. */
  firstSeq = 0
  count = 0
  /** The position of the newest message or mark here: a reader who has come that far need not look closer. */
  changedAt = 0
  /** The last message in the generation's index. */
  #newest = none
  /** The indices of the messages in the order of their seqs, as far as a reader has needed them. */
  #indices: number[] | null = null

  constructor(generation: RecordChunks) {
    this.generation = generation
  }

  get lastSeq(): number {
    return this.firstSeq + this.count - 1
  }

  /** The message whose record's content begins at `offset` in the newest chunk. */
  add(seq: number, offset: number, position: number): void {
    const { messages, chunkCount } = this.generation
    // There may be no memory for it.
    this.#newest = messages.add(chunkCount - 1, offset, position, this.#newest)
    if (this.count++ === 0) this.firstSeq = seq
    this.changedAt = position
  }

  position(seq: number): number {
    return this.generation.messages.position(this.#index(seq))
  }

  /** The first message above a position; the one after the last if there is none. Readers mostly want the newest few. */
  firstAfter(position: number): number {
    let above = this.firstSeq + this.count
    for (let step = 1; above > this.firstSeq; step *= 2) {
      let below = Math.max(this.firstSeq, above - step)
      if (this.position(below) > position) {
        above = below
        continue
      }
      while (above - below > 1) {
        const middle = (below + above) >>> 1
        if (this.position(middle) > position) above = middle
        else below = middle
      }
      break
    }
    return above
  }

  /** Where the record of a message lies: the bytes, and the offset of its content in them. */
  place(seq: number): { bytes: Buffer; start: number; end: number } {
    const { messages } = this.generation
    const index = this.#index(seq)
    const bytes = this.generation.chunkBytes(messages.chunk(index))
    const start = messages.offset(index)
    return { bytes, start, end: start + bytes.readUInt32LE(start - recordLengthBytes) }
  }

  /** The chain leads back from the newest message; a read of another one lays it out in order. */
  #index(seq: number): number {
    if (seq === this.lastSeq) return this.#newest
    const indices = (this.#indices ??= [])
    const known = indices.length
    if (known < this.count) {
      for (let i = known; i < this.count; i++) indices.push(none)
      let index = this.#newest
      for (let i = this.count - 1; i >= known; i--) {
        indices[i] = index
        index = this.generation.messages.older(index)
      }
    }
    return indices[seq - this.firstSeq] as number
  }
}
