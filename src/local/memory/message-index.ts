import { grown } from '../columns.js'

const firstCapacity = 1024

/** Chunks are at most this large, so that chunk number and offset fit one number. */
const chunkSpan = 2 ** 25

/** Where the records of a generation lie. */
export interface RecordChunks {
  readonly chunkCount: number
  /** The position before its first record. */
  readonly after: number
  /** The shards have all of it. */
  readonly flushed: boolean
  readonly messages: MessageIndex
  chunkBytes(index: number): Buffer
}

/**
 * Where the messages of one generation lie, in the order in which they came: columns of numbers, in which the messages of
 * a conversation hang together, each with the one before. There are tens of thousands of them in a generation: as arrays
 * in each conversation the garbage collector would copy and visit them all.
 */
export class MessageIndex {
  #count = 0
  #places = new Float64Array(firstCapacity)
  #positions = new Float64Array(firstCapacity)
  #older = new Int32Array(firstCapacity)

  /** The message whose record's content begins at `offset` in a chunk. Returns its index. */
  add(chunk: number, offset: number, position: number, older: number): number {
    const index = this.#count
    if (index === this.#places.length) this.#grow()
    this.#count++
    this.#places[index] = chunk * chunkSpan + offset
    this.#positions[index] = position
    this.#older[index] = older
    return index
  }

  older(index: number): number {
    return this.#older[index] as number
  }

  position(index: number): number {
    return this.#positions[index] as number
  }

  chunk(index: number): number {
    return Math.floor((this.#places[index] as number) / chunkSpan)
  }

  offset(index: number): number {
    return (this.#places[index] as number) % chunkSpan
  }

  #grow(): void {
    const room = this.#places.length * 2
    const places = grown(this.#places, new Float64Array(room))
    const positions = grown(this.#positions, new Float64Array(room))
    const older = grown(this.#older, new Int32Array(room))
    // IMPORTANT: all columns or none: what is written behind the end of one is nowhere.
    this.#places = places
    this.#positions = positions
    this.#older = older
  }
}
