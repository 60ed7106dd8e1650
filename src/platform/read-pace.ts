import { TurnQueue } from '../async/turn-queue.js'

/** What tells a slow disk from a busy machine. */
export interface ReadMeter {
  /** Milliseconds; never jumps. */
  now(): number
  /** How often a disk had to be read for this process, if only about. Asked after slow reads only. */
  diskReads(): number
  /** Runs `task` when everything else that is waiting has had its turn. */
  nextTurn(task: () => void): void
}

export const systemMeter: ReadMeter = {
  now: () => performance.now(),
  diskReads: () => process.resourceUsage().fsRead,
  nextTurn: (task) => void setImmediate(task),
}

/** Where time is not real no read is slow. */
export const timelessMeter: ReadMeter = { now: () => 0, diskReads: () => 0, nextTurn: () => undefined }

/** A read that takes longer was perhaps not in memory, neither here nor in the system's cache. */
const slowMs = 0.5
/** A single slow read says little. Two of so many say that it is the disk. */
const among = 16
/** Then none is made at once for so many times its length: waiting for the disk takes a twentieth of the thread at most. */
const restTimes = 19
/**
 * Who awaits one read after the other ends no turn of the event loop as long as all are made at once. After so long whoever
 * begins to read waits for the next turn; whoever has begun goes on for as long again.
 */
const turnMs = 5

/**
 * Whether small reads are made at once, on the calling thread, or go through the thread pool. What is in memory is read in
 * a few microseconds, several times faster than a thread is asked; what is not makes everybody wait for the disk. Nobody
 * says beforehand which of the two it will be, so the last slow reads tell: a disk that is slow now is slow for a while.
 * A read that was slow though no disk was read has only lost its processor to somebody else, which a thread would have
 * as well.
 */
export class ReadPace {
  readonly #enabled: boolean
  readonly #meter: ReadMeter
  #restUntil = -Infinity
  #sinceSlow = among
  #diskReads: number
  readonly #turns: TurnQueue
  /** When the first read of this turn of the event loop was made, or somebody who waited for it was let on. */
  #turnBegan = 0

  constructor(enabled: boolean, meter: ReadMeter) {
    this.#enabled = enabled
    this.#meter = meter
    this.#diskReads = meter.diskReads()
    this.#turns = new TurnQueue({
      begin: () => {
        this.#turnBegan = meter.now()
      },
      isSpent: () => meter.now() - this.#turnBegan > turnMs,
      nextTurn: (task) => meter.nextTurn(task),
    })
  }

  /** When a read at once begins; null if it should go through a thread. */
  begin(): number | null {
    if (!this.#enabled) return null
    const now = this.#meter.now()
    if (now < this.#restUntil) return null
    this.#turns.begin()
    return now - this.#turnBegan > 2 * turnMs ? null : now
  }

  /**
   * The next turn of the event loop, if reads are made at once and only have had their share of this one. Who waits for it is
   * several times faster than with a thread. Null if nothing is to be waited for.
   */
  turn(): Promise<void> | null {
    return !this.#turns.isSpent || this.#meter.now() < this.#restUntil ? null : this.#turns.wait()
  }

  end(begun: number): void {
    const took = this.#meter.now() - begun
    this.#sinceSlow++
    if (took > slowMs) this.#slow(begun, took)
  }

  #slow(begun: number, took: number): void {
    const before = this.#diskReads
    this.#diskReads = this.#meter.diskReads()
    if (this.#diskReads === before) return
    if (this.#sinceSlow <= among) this.#restUntil = begun + took * (1 + restTimes)
    this.#sinceSlow = 0
  }
}
