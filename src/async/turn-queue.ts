/** How much of one kind may be done in a turn of the event loop. */
export interface TurnShare {
  /** Something begins, the first in this turn. */
  begin(): void
  /** Enough has been done in this turn. Asked only behind `begin`. */
  isSpent(): boolean
  /** Runs `task` when everything else that is waiting has had its turn. */
  nextTurn(task: () => void): void
}

/**
 * Who awaits what is there already ends no turn of the event loop, however long it goes on. Once a turn has had its share, whoever
 * wants more waits here for the next one.
 */
export class TurnQueue {
  readonly #share: TurnShare
  #begun = false
  /** First come first; those before `#next` have been let on. */
  #waiting: (() => void)[] = []
  #next = 0

  constructor(share: TurnShare) {
    this.#share = share
  }

  /** Something has been begun in this turn. */
  get begun(): boolean {
    return this.#begun
  }

  get isEmpty(): boolean {
    return this.#next === this.#waiting.length
  }

  get isSpent(): boolean {
    return this.#begun && this.#share.isSpent()
  }

  /** Something begins now. */
  begin(): void {
    if (this.#begun) return
    this.#begun = true
    this.#share.begin()
    this.#share.nextTurn(() => this.#end())
  }

  /** Resolves in a later turn; what is to be done then is begun at once, and asks nobody again. */
  wait(): Promise<void> {
    this.begin()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** If somebody waits for it the next one begins at once. */
  #end(): void {
    this.#begun = false
    this.#waiting = this.#waiting.slice(this.#next)
    this.#next = 0
    if (this.isEmpty) return
    this.begin()
    this.#letOn()
  }

  /**
   * One after the other, each behind what the one before does: were all woken in each turn, most would only wait again, and
   * thousands of them would take longer for that than what they wait for does.
   */
  #letOn(): void {
    const resolve = this.#waiting[this.#next]
    if (resolve === undefined || this.isSpent) return
    this.#next++
    resolve()
    queueMicrotask(() => this.#letOn())
  }
}
