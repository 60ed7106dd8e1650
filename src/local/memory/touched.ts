import type { Marks } from '../../model/conversation.js'
import type { UserId } from '../../model/ids.js'
import { none } from './columns.js'
import type { ConversationEntry } from './entries.js'
import type { RecordChunks } from './message-index.js'
import { TouchedGroup } from './touched-group.js'

/** What a live generation knows of one conversation. Messages stay bytes in the log's chunks. */
export class Touched {
  readonly entry: ConversationEntry
  /** The generation, as far as it is needed here. */
  readonly generation: RecordChunks
  /** The seq of the first message here; meaningless without messages. */
  firstSeq = 0
  count = 0
  /** The last message in the generation's index. */
  #newest = none
  /** The indices of the messages in the order of their seqs, as far as somebody has asked. */
  #indices: number[] | null = null
  readonly group: TouchedGroup | null
  /** The marks of the two participants of a direct conversation, if they moved here. */
  #firstMarks: Marks | null = null
  #secondMarks: Marks | null = null
  /** What an older generation that is not dropped yet knows of it. */
  older: Touched | null

  constructor(entry: ConversationEntry, generation: RecordChunks, older: Touched | null) {
    this.entry = entry
    this.generation = generation
    this.older = older
    this.group = entry.kind === 'group' ? new TouchedGroup() : null
  }

  get lastSeq(): number {
    return this.firstSeq + this.count - 1
  }

  /** The message whose record's content begins at `offset` in the newest chunk. */
  add(seq: number, offset: number, position: number): void {
    const { messages, chunkCount } = this.generation
    if (this.count++ === 0) this.firstSeq = seq
    this.#newest = messages.add(chunkCount - 1, offset, position, this.#newest)
  }

  marksOf(user: UserId): Marks | null {
    const { pair } = this.entry
    if (pair === null) return null
    return pair[0] === user ? this.#firstMarks : pair[1] === user ? this.#secondMarks : null
  }

  putMarks(side: 0 | 1, marks: Marks): void {
    if (side === 0) this.#firstMarks = marks
    else this.#secondMarks = marks
  }

  position(seq: number): number {
    return this.generation.messages.position(this.#index(seq))
  }

  /** Where the record of a message lies: the bytes, and the offset of its content in them. */
  place(seq: number): { bytes: Buffer; start: number; end: number } {
    const { messages } = this.generation
    const index = this.#index(seq)
    const bytes = this.generation.chunkBytes(messages.chunk(index))
    const start = messages.offset(index)
    return { bytes, start, end: start + bytes.readUInt32LE(start - 4) }
  }

  /** The chain leads back from the newest message; whoever asks for another one has it laid out in order. */
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
