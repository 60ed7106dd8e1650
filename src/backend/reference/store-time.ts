import type { WallClock } from './logical-clock.js'

/** The store's own time: the wall clock, but it never goes back. */
export class StoreTime {
  readonly #clock: WallClock
  #last = 0

  constructor(clock: WallClock) {
    this.#clock = clock
  }

  now(): number {
    this.#last = Math.max(this.#last, this.#clock.now())
    return this.#last
  }
}
