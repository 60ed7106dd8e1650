import type { UserEntry } from './entries.js'

/**
 * The users in memory by the time of their last use, as a list through their entries. Who is among the warmest eighth
 * anyway stays in place when used again: moving touches three others, which lie anywhere in memory. Those at the cold end
 * have been stripped of what is large, up to the first who is whole.
 */
export class UserOrder {
  #warmest: UserEntry | null = null
  #coldest: UserEntry | null = null
  #whole: UserEntry | null = null
  #count = 0
  #strippedCount = 0
  #uses = 0

  get coldest(): UserEntry | null {
    return this.#coldest
  }

  /** The coldest who has not been stripped; null if that is one of the warmest eighth, who stay as they are. */
  get whole(): UserEntry | null {
    return this.#strippedCount < this.#count - warmestOf(this.#count) ? this.#whole : null
  }

  /** The one who was `whole` is no more. */
  stripped(): void {
    if (this.#whole === null) return
    this.#whole = this.#whole.warmer
    this.#strippedCount++
  }

  /** As the warmest. */
  add(user: UserEntry): void {
    user.usedAt = ++this.#uses
    user.colder = this.#warmest
    user.warmer = null
    if (this.#warmest === null) this.#coldest = user
    else this.#warmest.warmer = user
    this.#warmest = user
    this.#whole ??= user
    this.#count++
  }

  use(user: UserEntry): void {
    if (this.#uses - user.usedAt <= warmestOf(this.#count)) return
    this.remove(user)
    this.add(user)
  }

  remove(user: UserEntry): void {
    if (user === this.#whole) this.#whole = user.warmer
    else if (user.usedAt < (this.#whole?.usedAt ?? Infinity)) this.#strippedCount--
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
