interface Waiter {
  readonly position: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** Callers that wait until the log is synced through a position. */
export class SyncWaiters {
  #waiters: Waiter[] = []

  /** The greatest position that a caller waits for; 0 for none. */
  #wanted = 0

  get wanted(): number {
    return this.#wanted
  }

  add(position: number): Promise<void> {
    this.#wanted = Math.max(this.#wanted, position)
    return new Promise((resolve, reject) => {
      this.#waiters.push({ position, resolve, reject })
    })
  }

  settle(synced: number): void {
    if (this.#waiters.length === 0) return
    const waiting = this.#waiters.filter(({ position }) => position > synced)
    for (const waiter of this.#waiters) if (waiter.position <= synced) waiter.resolve()
    this.#waiters = waiting
    if (waiting.length === 0) this.#wanted = 0
  }

  reject(error: Error): void {
    for (const waiter of this.#waiters) waiter.reject(error)
    this.#waiters = []
    this.#wanted = 0
  }
}
