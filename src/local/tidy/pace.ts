import type { Clock } from '../../platform/clock.js'
import { TidyError } from './tidy-error.js'

/** What is done between two looks at what else there is to do: well under 0.5 ms. */
const sliceBytes = 32 * 1024
/** What is done between two rests. */
const workBytes = 256 * 1024

/** Lets others run, and rests, so that the tidy takes a share of the time and no more. */
export class Pace {
  readonly #clock: Clock
  readonly #restMs: number
  #hurried = false
  #stopped = false
  #sinceSlice = 0
  #sinceRest = 0
  #endRest: (() => void) | null = null

  constructor(clock: Clock, restMs: number) {
    this.#clock = clock
    this.#restMs = restMs
  }

  /** A caller that waits for the tidy does not wait for it to rest: nothing but its timer may be left in the process. */
  hurry(on: boolean): void {
    this.#hurried = on
    if (on) this.#endRest?.()
  }

  stop(): void {
    this.#stopped = true
    this.#endRest?.()
  }

  /** To be awaited after so many bytes of work; rejects once it has been stopped. */
  async after(bytes: number): Promise<void> {
    this.#throwIfStopped()
    this.#sinceSlice += bytes
    this.#sinceRest += bytes
    if (this.#sinceRest >= workBytes && !this.#hurried) {
      this.#sinceRest = this.#sinceSlice = 0
      await this.#rest()
    } else if (this.#sinceSlice >= sliceBytes) {
      this.#sinceSlice = 0
      await this.#clock.yield()
    }
    this.#throwIfStopped()
  }

  #throwIfStopped(): void {
    if (this.#stopped) throw new TidyError('TIDY_STOPPED', 'the tidy has been stopped')
  }

  async #rest(): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(this.#restMs, resolve)
      this.#endRest = () => {
        cancel()
        resolve()
      }
    })
    this.#endRest = null
  }
}
