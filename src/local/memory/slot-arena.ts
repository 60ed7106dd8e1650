import { grown } from '../columns.js'

const firstSlots = 64

/** Many pieces of bytes of one size in one array. */
export class SlotArena {
  readonly #size: number
  #bytes: Uint8Array
  /** Slots from here on have never been used. */
  #end = 0
  readonly #free: number[] = []

  /** `size`: bytes of a piece. */
  constructor(size: number) {
    this.#size = size
    this.#bytes = new Uint8Array(0)
  }

  /** Copies a piece, and returns the slot where it lies. Throws where there is no memory for it, and changes nothing then. */
  put(piece: Uint8Array): number {
    const slot = this.#free.pop() ?? this.#newSlot()
    this.#bytes.set(piece, slot * this.#size)
    return slot
  }

  #newSlot(): number {
    if (this.#end * this.#size === this.#bytes.length) {
      const length = Math.max(2 * this.#bytes.length, firstSlots * this.#size)
      this.#bytes = grown(this.#bytes, new Uint8Array(length))
    }
    return this.#end++
  }

  /** Not a copy: it is good until something is put. */
  at(slot: number): Uint8Array {
    return this.#bytes.subarray(slot * this.#size, (slot + 1) * this.#size)
  }

  drop(slot: number): void {
    this.#free.push(slot)
  }
}
