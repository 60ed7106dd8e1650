import type { Clock } from '../platform/clock.js'
import { systemClock } from '../platform/clock.js'

/** A wall clock that stands still until it is set, forwards or backwards. Timers run in real time. */
export class ManualClock implements Clock {
  readonly #timers: Clock
  #now: number
  #latest: number

  constructor(now = 1_700_000_000_000, timers: Clock = systemClock) {
    this.#now = now
    this.#latest = now
    this.#timers = timers
  }

  now(): number {
    return this.#now
  }

  /** The latest time that the clock has ever shown: no time stamp of the store may be beyond it. */
  get latest(): number {
    return this.#latest
  }

  jump(ms: number): void {
    this.#now = Math.max(1, this.#now + ms)
    this.#latest = Math.max(this.#latest, this.#now)
  }

  /** In real time, whatever `now` shows, and as `Clock` says: a timer keeps nothing alive. */
  after(ms: number, task: () => void): () => void {
    return this.#timers.after(ms, task)
  }

  yield(): Promise<void> {
    return this.#timers.yield()
  }
}
