import type { MessageStore } from '../../src/api/message-store.js'
import { isColumbaError } from '../../src/errors.js'
import { claim } from './finding.js'
import { ToldFeed } from './told-feed.js'

/** A phone that follows the feed of one user from the beginning, over crashes, and keeps what it was told. */
export class FeedFollower {
  readonly #user: string
  readonly #told: ToldFeed
  #token: string | null = null
  busy = false
  /** Set when the store may have lost something: then the feed may say so. */
  mayResync = false

  constructor(user: string) {
    this.#user = user
    this.#told = new ToldFeed(user)
  }

  /** One page. True if there is more. */
  async pull(store: MessageStore, limit: number): Promise<boolean> {
    if (this.#token === null) {
      this.#token = (await store.getChanges(this.#user)).token
      return true
    }
    let page
    try {
      page = await store.getChanges(this.#user, { since: this.#token, limit })
    } catch (error) {
      if (!this.mayResync || !isColumbaError(error, 'RESYNC_REQUIRED')) throw error
      this.#token = await this.#told.resync(store)
      return true
    }
    for (const change of page.changes) this.#told.apply(change)
    this.#token = page.token
    return page.hasMore
  }

  /** While nothing else goes on: what the feed told is what there is. */
  async verify(store: MessageStore): Promise<void> {
    let pages = 0
    while (await this.pull(store, 5)) claim(pages++ < 1000, 'I19 a feed without an end', this.#user)
    this.mayResync = false
    await this.#told.verify(store)
  }
}
