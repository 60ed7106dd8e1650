import type { Position } from '../../model/ids.js'
import type { Generation } from './generation.js'

/** The generations that the shards do not have yet, and the reads that need them to stay. */
export class LiveGenerations {
  /** Not flushed yet, oldest first; the last one is being filled. */
  readonly #live: Generation[] = []
  readonly #reads = new Set<Generation[]>()

  constructor(first: Generation) {
    this.#live.push(first)
  }

  get current(): Generation {
    return this.#live.at(-1) as Generation
  }

  /**
   * Memory shows the log up to here. It may be on the disk further: from a record on that could not be applied for want of
   * memory. So this, and no position of the log, is where a reader has come to.
   */
  get shownThrough(): Position {
    return this.current.last as Position
  }

  get live(): readonly Generation[] {
    return this.#live
  }

  begin(generation: Generation): void {
    this.#live.push(generation)
    for (const read of this.#reads) {
      generation.hold()
      read.push(generation)
    }
  }

  /**
   * For a read of the shards that takes a while: the live generations, oldest first, and those that begin until `endRead`,
   * all of them held. What the shards answer too early for is in one of them, also if it has been flushed meanwhile.
   */
  beginRead(): readonly Generation[] {
    const read = [...this.#live]
    for (const generation of read) generation.hold()
    this.#reads.add(read)
    return read
  }

  endRead(read: readonly Generation[]): void {
    this.#reads.delete(read as Generation[])
    for (const generation of read) generation.release()
  }

  /** The shards have it: readers that come from now on find it there. */
  flushed(generation: Generation): void {
    const at = this.#live.indexOf(generation)
    if (at >= 0) this.#live.splice(at, 1)
    generation.flushed = true
    generation.release()
  }
}
