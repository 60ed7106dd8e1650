import { ColumbaError } from '../errors.js'

export type LifecycleState = 'open' | 'closing' | 'closed'

/**
 * Open, closing, closed. While it is open, calls are accepted; closing waits for those that were, and for nothing else.
 * What lives longer than a call (a subscription) is told when closing begins and ends by itself.
 */
export class Lifecycle {
  readonly #accepted = new Set<Promise<unknown>>()
  readonly #listeners = new Set<() => void>()
  #state: LifecycleState = 'open'
  #closed: Promise<void> | null = null

  get state(): LifecycleState {
    return this.#state
  }

  /** Throws CLOSED unless the store is open. */
  assertOpen(): void {
    if (this.#state !== 'open')
      throw new ColumbaError('CLOSED', 'the store is closed', { state: this.#state })
  }

  /** Keeps closing waiting for an accepted call; the same promise comes back. */
  accept<T>(call: Promise<T>): Promise<T> {
    this.#accepted.add(call)
    const done = (): void => {
      this.#accepted.delete(call)
    }
    call.then(done, done)
    return call
  }

  /** Calls `listener` once when closing begins. Returns the function that takes it off again. */
  onClosing(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** Stops accepting, waits for what was accepted, then runs `release`. Every call gives the same promise. */
  close(release: () => Promise<void>): Promise<void> {
    this.#closed ??= this.#close(release)
    return this.#closed
  }

  async #close(release: () => Promise<void>): Promise<void> {
    this.#state = 'closing'
    for (const listener of [...this.#listeners]) {
      try {
        listener()
      } catch {
        // From an object of a caller, such as the signal of a subscription. The lock is released whatever that does.
      }
    }
    this.#listeners.clear()
    try {
      while (this.#accepted.size > 0) await Promise.allSettled(this.#accepted)
      await release()
    } finally {
      this.#state = 'closed'
    }
  }
}
