/** How much of one kind may be done in a turn of the event loop. */
export interface TurnShare {
  /** Something begins, the first in this turn. */
  begin(): void
  /** True if enough has been done in this turn. Asked only after `begin`. */
  isSpent(): boolean
  /** Runs `task` when everything else that is waiting has had its turn. */
  nextTurn(task: () => void): void
}

/** A line of waiting callers, let on in the order in which they came. */
class Line {
  /** Those before `#next` have been let on. */
  #waiting: (() => void)[] = []
  #next = 0

  get isEmpty(): boolean {
    return this.#next === this.#waiting.length
  }

  join(letOn: () => void): void {
    this.#waiting.push(letOn)
  }

  /** False if the line is empty. */
  letOn(): boolean {
    const first = this.#waiting[this.#next]
    if (first === undefined) return false
    this.#next++
    first()
    return true
  }

  /** Forgets those who have been let on. */
  tidy(): void {
    this.#waiting = this.#waiting.slice(this.#next)
    this.#next = 0
  }
}

/**
 * A caller that awaits what is there already ends no turn of the event loop, however long it goes on. Once a turn has had its
 * share, callers that want more wait here for the next one. There are two lines: each turn begins with a patient caller, so
 * that they always get on, and has room for more of them when no other waits.
 */
export class TurnQueue {
  readonly #share: TurnShare
  #begun = false
  readonly #urgent = new Line()
  readonly #patient = new Line()

  constructor(share: TurnShare) {
    this.#share = share
  }

  /** Something has been begun in this turn. */
  get begun(): boolean {
    return this.#begun
  }

  get isEmpty(): boolean {
    return this.#urgent.isEmpty && this.#patient.isEmpty
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

  /** Resolves in a later turn; what is to be done then is begun at once, and asks for no other turn. */
  wait(isPatient = false): Promise<void> {
    this.begin()
    const line = isPatient ? this.#patient : this.#urgent
    return new Promise((resolve) => {
      line.join(resolve)
    })
  }

  /** The next turn begins at once if a caller waits for it. */
  #end(): void {
    this.#begun = false
    this.#urgent.tidy()
    this.#patient.tidy()
    if (this.isEmpty) return
    this.begin()
    if (this.#patient.letOn()) queueMicrotask(() => this.#letOn())
    else this.#letOn()
  }

  /**
   * One caller after the other, each after what the one before does: were all woken in each turn, most would only wait again,
   * and thousands of them would take longer for that than what they wait for does.
   */
  #letOn(): void {
    if (this.isSpent) return
    if (this.#urgent.letOn() || this.#patient.letOn()) queueMicrotask(() => this.#letOn())
  }
}
