import type { Clock } from '../platform/clock.js'
import type { Schedule } from './schedule.js'

/** A wall clock that goes on with its schedule and jumps when it is told to. Timers keep to the schedule, not to the jumps. */
export class SimulatedClock implements Clock {
  readonly #schedule: Schedule
  #base: number
  #ticks = 0
  readonly #ticking: boolean

  /** `ticking`: each look at the clock shows another millisecond. */
  constructor(schedule: Schedule, now = 1_700_000_000_000, ticking = true) {
    this.#schedule = schedule
    this.#base = now
    this.#ticking = ticking
  }

  now(): number {
    if (this.#ticking) this.#ticks++
    return Math.max(1, this.#base + this.#schedule.elapsedMs + this.#ticks)
  }

  jump(ms: number): void {
    this.#base += ms
  }

  after(ms: number, task: () => void): () => void {
    return this.#schedule.after(ms, task)
  }

  yield(): Promise<void> {
    return this.#schedule.turn('yield', () => undefined)
  }
}
