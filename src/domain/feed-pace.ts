import { TurnQueue } from '../async/turn-queue.js'
import type { Clock } from '../platform/clock.js'

/** When all together have read for so long in one turn of the event loop, those that are behind wait for the next. */
const turnMs = 5
/** And then those that are not: what is live goes first, and on a busy machine who sends waits until it has been told. */
const liveMs = 20
/**
 * What a read counts for at most. Where it takes longer, mostly somebody else had the processor meanwhile; were that counted, subscribers
 * on a busy machine would read a few pages in each turn, and turns take long there.
 */
const readMs = 1

/**
 * A subscription whose changes lie in memory reads one page after the other without ever ending a turn, and one change of a group
 * wakes a thousand of them; and a call may find many pages empty before one has a change. All who read feeds of a store share this:
 * when they have read for so long, others get their turn.
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
   * Null for who may read at once; otherwise the turn to wait for, and then to read in. `isBehind`: by more than a page, or by nobody
   * knows how much. Of those who wait the patient ones come behind the others, except for one in each turn.
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
