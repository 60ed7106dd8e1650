import { grown } from '../columns.js'

/**
 * The direct messages of one generation, in the order of the log, as columns of numbers. There are tens of thousands of
 * them and all live until the flush is over: as objects, every collection would have to copy or visit them.
 *
 * Messages hang together in chains of indices: those of a conversation, and those of each participant.
 */
export class MessageColumns {
  #count = 0
  /** What the ranges lie in. */
  readonly #bytes: Buffer[] = []
  #ranges = new Uint32Array(0)
  /** Where the body begins and ends. */
  starts = new Uint32Array(0)
  ends = new Uint32Array(0)
  positions = new Float64Array(0)
  times = new Float64Array(0)
  /** 0 or 1. */
  authors = new Uint8Array(0)
  /** Which conversation, and how many of its messages in this generation come before. */
  conversations = new Uint32Array(0)
  ordinals = new Uint32Array(0)
  /** The next message of the conversation, of its first and of its second participant. */
  next = new Int32Array(0)
  nextOfFirst = new Int32Array(0)
  nextOfSecond = new Int32Array(0)

  /** What is added next lies in these bytes, and it is not more than `count`. */
  beginRange(bytes: Buffer, count: number): void {
    this.#bytes.push(bytes)
    const needed = this.#count + count
    const room = this.starts.length
    if (needed > room) this.#grow(Math.max(needed, 2 * room, 1024))
  }

  /** The index of the new message. */
  add(
    start: number,
    end: number,
    position: number,
    time: number,
    author: number,
    conversation: number,
  ): number {
    const message = this.#count++
    this.#ranges[message] = this.#bytes.length - 1
    this.starts[message] = start
    this.ends[message] = end
    this.positions[message] = position
    this.times[message] = time
    this.authors[message] = author
    this.conversations[message] = conversation
    return message
  }

  bytesOf(message: number): Buffer {
    return this.#bytes[this.#ranges[message] as number] as Buffer
  }

  #grow(room: number): void {
    this.#ranges = grown(this.#ranges, new Uint32Array(room))
    this.starts = grown(this.starts, new Uint32Array(room))
    this.ends = grown(this.ends, new Uint32Array(room))
    this.positions = grown(this.positions, new Float64Array(room))
    this.times = grown(this.times, new Float64Array(room))
    this.authors = grown(this.authors, new Uint8Array(room))
    this.conversations = grown(this.conversations, new Uint32Array(room))
    this.ordinals = grown(this.ordinals, new Uint32Array(room))
    this.next = grown(this.next, new Int32Array(room))
    this.nextOfFirst = grown(this.nextOfFirst, new Int32Array(room))
    this.nextOfSecond = grown(this.nextOfSecond, new Int32Array(room))
  }
}
