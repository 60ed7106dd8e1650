import type { UserId } from '../model/ids.js'

/**
 * Tells the watchers of a user that there may be news. A hint may come late, twice or for nothing; a watcher that gets one
 * pulls from the position it has, so nothing depends on hints but how soon. In process today; between servers it is what
 * carries the hint from the server that wrote to the one that a phone hangs on.
 */
export interface Notifier {
  publish(user: UserId): void
  /** Returns the function that ends it. */
  watch(user: UserId, listener: () => void): () => void
}

export class InProcessNotifier implements Notifier {
  readonly #listeners = new Map<UserId, Set<() => void>>()

  publish(user: UserId): void {
    const listeners = this.#listeners.get(user)
    if (listeners === undefined) return
    for (const listener of [...listeners]) listener()
  }

  watch(user: UserId, listener: () => void): () => void {
    let listeners = this.#listeners.get(user)
    if (listeners === undefined) this.#listeners.set(user, (listeners = new Set()))
    // One function may watch twice: each watch has a listener of its own.
    const own = (): void => {
      listener()
    }
    listeners.add(own)
    return () => {
      listeners.delete(own)
      if (listeners.size === 0 && this.#listeners.get(user) === listeners) this.#listeners.delete(user)
    }
  }
}
