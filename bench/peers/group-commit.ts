/** Refuses one item of a group while the others go through. */
export class Refusal {
  readonly reason: Error

  constructor(reason: Error) {
    this.reason = reason
  }
}

interface Waiting<Result> {
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

type Commit<Item, Result> = (
  items: readonly Item[],
) => Array<Result | Refusal> | Promise<Array<Result | Refusal>>

/**
 * Group commit: what arrives while a group is being written waits and makes up the next one. With so many in flight the
 * groups grow to that size by themselves. A group begins in the turn of the event loop after its first item, when
 * everybody whom the last group woke has sent again.
 */
export class GroupCommit<Item, Result> {
  readonly #commit: Commit<Item, Result>
  #items: Item[] = []
  #waiting: Array<Waiting<Result>> = []
  #running = false
  #idle: (() => void) | null = null

  constructor(commit: Commit<Item, Result>) {
    this.#commit = commit
  }

  add(item: Item): Promise<Result> {
    if (!this.#running) {
      this.#running = true
      setImmediate(() => void this.#run())
    }
    this.#items.push(item)
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    if (this.#running) await new Promise<void>((resolve) => (this.#idle = resolve))
  }

  async #run(): Promise<void> {
    const items = this.#items
    const waiting = this.#waiting
    this.#items = []
    this.#waiting = []
    try {
      const answer = this.#commit(items)
      const results = answer instanceof Promise ? await answer : answer
      for (const [index, result] of results.entries()) {
        if (result instanceof Refusal) waiting[index]!.reject(result.reason)
        else waiting[index]!.resolve(result)
      }
    } catch (error) {
      for (const { reject } of waiting) reject(error)
    }
    // Behind the promise jobs just queued: those who send again at once are in the next group.
    setImmediate(() => {
      if (this.#items.length > 0) void this.#run()
      else {
        this.#running = false
        this.#idle?.()
        this.#idle = null
      }
    })
  }
}
