import { TurnQueue } from '../async/turn-queue.js'
import type { Clock } from '../platform/clock.js'

/**
 * Milliseconds of reading by all together in one turn of the event loop, after which readers that are behind wait for the next.
 */
const turnMs = 5
/**
 * Milliseconds after which live readers wait as well: they go first, and on a busy machine a sender waits until they have been
 * told.
 */
const liveMs = 20
/**
 * The most that one read is charged, in milliseconds. A longer one was mostly preempted; charged in full, subscribers on a busy
 * machine would get a few pages per turn.
 */
const readMs = 1

/**
 * The share that all readers of feeds have of a turn of the event loop. A subscription whose changes lie in memory would read
 * one page after the other without ever ending a turn, and one change of a group wakes a thousand of them; a call may find many
 * pages empty before one has a change. When all together have read for so long, others get their turn.
 */
export class FeedPace {
  readonly #clock: Clock
  readonly #turns: TurnQueue
  #spentMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#turns = new TurnQueue({
      begin: () => {
        this.#spentMs = 0
      },
      isSpent: () => this.#spentMs > turnMs,
      nextTurn: (task) => void clock.yield().then(task),
    })
  }

  /**
   * Null for a reader that may read at once; otherwise the turn to wait for, and then to read in. `isBehind`: by more than a
   * page, or by an unknown number. Patient readers come after the others, except for one in each turn.
   */
  turn(isBehind: boolean, isPatient = isBehind): Promise<void> | null {
    const { begun, isEmpty, isSpent } = this.#turns
    const mayRead = isBehind ? isEmpty && !isSpent : !begun || this.#spentMs <= liveMs
    return mayRead ? null : this.#turns.wait(isPatient)
  }

  /** Only reading counts: how long others take in the same turn is no reason to keep subscribers waiting. */
  read<T>(read: () => T): T {
    this.#turns.begin()
    const began = this.#clock.now()
    try {
      return read()
    } finally {
      // A wall clock may have been put back meanwhile. It shows whole milliseconds: of a hundred short reads one takes one.
      this.#spentMs += Math.min(readMs, Math.abs(this.#clock.now() - began))
    }
  }
}
