import type { CachedUser } from './entries.js'

/**
 * The users in memory by the time of their last use, as a list through their entries. A user among the warmest eighth stays in
 * place when used again: moving touches three others, which lie anywhere in memory.
 *
 * `#next` is a cursor: users colder than it have been stripped in this sweep, or were skipped because pinned; `#passedCount`
 * counts them.
 */
export class UserOrder {
  #warmest: CachedUser | null = null
  #coldest: CachedUser | null = null
  #next: CachedUser | null = null
  #count = 0
  #passedCount = 0
  #uses = 0

  get coldest(): CachedUser | null {
    return this.#coldest
  }

  /** The coldest user that has not been passed; null if that is one of the warmest eighth, who stay as they are. */
  get nextToStrip(): CachedUser | null {
    return this.#passedCount < this.#count - warmestOf(this.#count) ? this.#next : null
  }

  /** Nothing is to be taken from `nextToStrip` any more, or just now. */
  passed(): void {
    if (this.#next === null) return
    this.#next = this.#next.warmer
    this.#passedCount++
  }

  /** Adds a user as the warmest. */
  add(user: CachedUser): void {
    user.usedAt = ++this.#uses
    user.colder = this.#warmest
    user.warmer = null
    if (this.#warmest === null) this.#coldest = user
    else this.#warmest.warmer = user
    this.#warmest = user
    this.#next ??= user
    this.#count++
  }

  use(user: CachedUser): void {
    if (this.#uses - user.usedAt <= warmestOf(this.#count)) return
    this.remove(user)
    this.add(user)
  }

  remove(user: CachedUser): void {
    if (user === this.#next) this.#next = user.warmer
    else if (user.usedAt < (this.#next?.usedAt ?? Infinity)) this.#passedCount--
    if (user.warmer === null) this.#warmest = user.colder
    else user.warmer.colder = user.colder
    if (user.colder === null) this.#coldest = user.warmer
    else user.colder.warmer = user.warmer
    user.warmer = user.colder = null
    this.#count--
  }
}

function warmestOf(count: number): number {
  return count >>> 3
}
