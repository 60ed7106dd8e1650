/** Milliseconds since the process began; never jumps. */
export const runningMs = (): number => performance.now()

/** A read that takes longer was perhaps not in memory, neither here nor in the system's cache. */
const slowMs = 0.5
/** A single slow read says little: the thread may have lost its processor. Two of so many say that it is the disk. */
const among = 16
/** Then none is made at once for so many times its length: waiting for the disk takes a twentieth of the thread at most. */
const restTimes = 19

/**
 * Whether small reads are made at once, on the calling thread, or go through the thread pool. What is in memory is read in
 * a few microseconds, several times faster than a thread is asked; what is not makes everybody wait for the disk. Nobody
 * says beforehand which of the two it will be, so the last slow reads tell: a disk that is slow now is slow for a while.
 */
export class ReadPace {
  readonly #enabled: boolean
  readonly #now: () => number
  #restUntil = -Infinity
  #sinceSlow = among

  constructor(enabled: boolean, now: () => number) {
    this.#enabled = enabled
    this.#now = now
  }

  /** When a read at once begins; null if it should go through a thread. */
  begin(): number | null {
    if (!this.#enabled) return null
    const now = this.#now()
    return now < this.#restUntil ? null : now
  }

  end(begun: number): void {
    const took = this.#now() - begun
    this.#sinceSlow++
    if (took <= slowMs) return
    if (this.#sinceSlow <= among) this.#restUntil = begun + took * (1 + restTimes)
    this.#sinceSlow = 0
  }
}
