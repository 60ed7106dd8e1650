import { recordLengthBytes } from '../../formats/frames.js'
import type { DurableGroup } from './options.js'

/** About a quarter of a millisecond. */
const recordsPerPart = 24
/** Of a large backlog a part is larger: turns of the event loop cost as well, and what arrives in them makes the backlog grow. */
const mostParts = 16
/** Fewer records than this are told of in one go. */
const worthHalving = 32

/**
 * Groups that may be acknowledged, told in order. Processor and disk are to take turns: while one part of the callers
 * waits for the disk, the other is told and hands over what comes next. So of a large group only the first half is told
 * before the next write begins, and the rest while that write is under way; where enough has gathered meanwhile, all
 * of it is told then. Groups here hold their chunk.
 */
export class Acknowledgements {
  readonly #onGroup: (group: DurableGroup) => void
  readonly #untold: DurableGroup[] = []
  #through: number
  #bytes = 0
  #records = 0

  /** `through`: the last position that needs no telling any more. */
  constructor(through: number, onGroup: (group: DurableGroup) => void) {
    this.#through = through
    this.#onGroup = onGroup
  }

  /** Up to here, or up to somewhere in the last group if that has failed, everything has been told. */
  get through(): number {
    return this.#through
  }

  get bytes(): number {
    return this.#bytes
  }

  get records(): number {
    return this.#records
  }

  get isWaiting(): boolean {
    return this.#untold.length > 0
  }

  get #waitingRecords(): number {
    return this.#untold.reduce((sum, { count }) => sum + count, 0)
  }

  /** Takes a group over that is durable. */
  add(group: DurableGroup): void {
    group.chunk.retain()
    this.#untold.push(group)
  }

  /** Tells about the first half of what waits, or about all if that is little. */
  tellHalf(): void {
    const records = this.#waitingRecords
    this.#tellSome(records < worthHalving ? records : records >>> 1)
  }

  /** In parts, with `pause` before each, so that the next step of the disk begins as soon as the one before it has ended. */
  async tellInParts(pause: () => Promise<void>): Promise<void> {
    const part = Math.max(recordsPerPart, Math.ceil(this.#waitingRecords / mostParts))
    while (this.isWaiting) {
      await pause()
      this.#tellSome(part)
    }
  }

  tellAll(): void {
    this.#tellSome(Infinity)
  }

  /** Tells about the first so many records. */
  #tellSome(records: number): void {
    let left = records
    while (left > 0) {
      const group = this.#untold.shift()
      if (group === undefined) return
      const [first, rest] = group.count > left ? split(group, left) : [group, null]
      if (rest !== null) {
        rest.chunk.retain()
        this.#untold.unshift(rest)
      }
      left -= first.count
      this.#tell(first)
    }
  }

  #tell(group: DurableGroup): void {
    this.#through = group.firstPosition + group.count - 1
    this.#bytes += group.end - group.start
    this.#records += group.count
    try {
      this.#onGroup(group)
    } catch (error) {
      this.#drop()
      throw error
    } finally {
      group.chunk.release()
    }
  }

  /**
   * IMPORTANT: whoever has failed over a group may have taken only a part of it, and would take what comes next for the
   * other part. Nothing is told any more; it is in the log, and the failure says that its outcome is unknown.
   */
  #drop(): void {
    for (const { chunk } of this.#untold.splice(0)) chunk.release()
  }
}

/** The first `count` records, and the others. */
function split(group: DurableGroup, count: number): [DurableGroup, DurableGroup] {
  const { chunk, firstPosition } = group
  let middle = group.start
  for (let record = 0; record < count; record++)
    middle += recordLengthBytes + chunk.bytes.readUInt32LE(middle)
  return [
    { ...group, end: middle, count },
    { ...group, start: middle, firstPosition: firstPosition + count, count: group.count - count },
  ]
}
