import type { UserEntry } from './entries.js'

/**
 * The users in memory by the time of their last use, as a list through their entries. Who is among the warmest eighth
 * anyway stays in place when used again: moving touches three others, which lie anywhere in memory.
 */
export class UserOrder {
  #warmest: UserEntry | null = null
  #coldest: UserEntry | null = null
  #count = 0
  #uses = 0

  get coldest(): UserEntry | null {
    return this.#coldest
  }

  /** As the warmest. */
  add(user: UserEntry): void {
    user.usedAt = ++this.#uses
    user.colder = this.#warmest
    user.warmer = null
    if (this.#warmest === null) this.#coldest = user
    else this.#warmest.warmer = user
    this.#warmest = user
    this.#count++
  }

  use(user: UserEntry): void {
    if (this.#uses - user.usedAt <= this.#count >>> 3) return
    this.remove(user)
    this.add(user)
  }

  remove(user: UserEntry): void {
    if (user.warmer === null) this.#warmest = user.colder
    else user.warmer.colder = user.colder
    if (user.colder === null) this.#coldest = user.warmer
    else user.colder.warmer = user.warmer
    user.warmer = user.colder = null
    this.#count--
  }
}
