import type { SeededChance } from '../backend/reference/seeded-chance.js'
import type { Trace } from './trace.js'

interface Turn {
  readonly label: string
  readonly run: () => void
}

interface Timer {
  readonly at: number
  readonly order: number
  readonly task: () => void
}

export interface ScheduleOptions {
  readonly chance: SeededChance
  readonly trace?: Trace | undefined
  /** Milliseconds that a turn takes at most. Default 2. */
  readonly turnMs?: number | undefined
  /** Probability that turns whose label matches are passed over for another one, while there is another one. */
  readonly slow?: { readonly label: RegExp; readonly probability: number } | undefined
}

/**
 * What a simulated world does next. Everything that would end by itself in a real one (an operation of a disk, a timer)
 * waits here for its turn, and chance says whose turn it is: the same seed gives the same order. Nothing happens but
 * in `step`; between two steps the caller lets all promises settle.
 *
 * `halt` is the end of a process: nothing that waits ever happens, and whoever asks for more waits for ever.
 */
export class Schedule {
  readonly #chance: SeededChance
  readonly #trace: Trace | undefined
  readonly #turnMs: number
  readonly #slow: ScheduleOptions['slow']
  readonly #turns: Turn[] = []
  #timers: Timer[] = []
  #timersSet = 0
  #elapsedMs = 0
  #halted = false

  constructor({ chance, trace, turnMs = 2, slow }: ScheduleOptions) {
    this.#chance = chance
    this.#trace = trace
    this.#turnMs = turnMs
    this.#slow = slow
  }

  get elapsedMs(): number {
    return this.#elapsedMs
  }

  get halted(): boolean {
    return this.#halted
  }

  /** Turns that wait; timers do not count. */
  get waiting(): number {
    return this.#turns.length
  }

  get timers(): number {
    return this.#timers.length
  }

  /** Runs `effect` when its turn has come; its value, or what it throws, is the outcome of the promise. */
  turn<T>(label: string, effect: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#halted) return
      this.#turns.push({
        label,
        run: () => {
          try {
            const value = effect()
            if (!this.#halted) resolve(value)
          } catch (error) {
            if (!this.#halted) reject(error)
          }
        },
      })
    })
  }

  /** Returns the function that cancels it. */
  after(ms: number, task: () => void): () => void {
    if (this.#halted) return () => undefined
    const timer = { at: this.#elapsedMs + ms, order: this.#timersSet++, task }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** One thing happens: a turn, or a timer that is due, or the next timer if all else is done. False if nothing is left. */
  step(): boolean {
    if (this.#halted) return false
    const timer = this.#nextTimer()
    if (timer !== undefined && (timer.at <= this.#elapsedMs || this.#turns.length === 0)) {
      this.#timers = this.#timers.filter((other) => other !== timer)
      this.#elapsedMs = Math.max(this.#elapsedMs, timer.at)
      this.#trace?.note('timer')
      timer.task()
      return true
    }
    const turn = this.#take()
    if (turn === undefined) return false
    this.#elapsedMs += this.#chance.below(this.#turnMs + 1)
    this.#trace?.note(turn.label)
    turn.run()
    return true
  }

  /** Each operation that waits has happened by then with the probability `happened`; nobody hears of it. */
  halt(happened = 0): void {
    if (this.#halted) return
    const waiting = this.#turns.splice(0)
    this.#timers = []
    this.#halted = true
    for (const turn of waiting) if (happened > 0 && this.#chance.happens(happened)) turn.run()
  }

  #nextTimer(): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order))
        next = timer
    }
    return next
  }

  #take(): Turn | undefined {
    const turns = this.#turns
    let at = this.#chance.below(turns.length)
    const slow = this.#slow
    if (slow !== undefined && turns.length > 1) {
      const label = turns[at]?.label ?? ''
      if (slow.label.test(label) && this.#chance.happens(slow.probability))
        at = this.#chance.below(turns.length)
    }
    const turn = turns[at]
    const last = turns.pop()
    if (turn !== last && last !== undefined) turns[at] = last
    return turn
  }
}
