import type { MessageStore } from '../../src/api/message-store.js'
import { isColumbaError } from '../../src/errors.js'
import type { Change } from '../../src/model/change.js'
import { claim, claimEqual } from './finding.js'

/** A phone that follows the feed of one user from the beginning, over crashes, and keeps what it was told. */
export class FeedFollower {
  readonly #user: string
  #token: string | null = null
  readonly #messages = new Map<string, Set<number>>()
  readonly #read = new Map<string, number>()
  busy = false
  /** Set when the store may have lost something: then the feed may say so. */
  mayResync = false

  constructor(user: string) {
    this.#user = user
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
      await this.#resync(store)
      return true
    }
    for (const change of page.changes) this.#apply(change)
    this.#token = page.token
    return page.hasMore
  }

  /** While nothing else goes on: what the feed told is what there is. */
  async verify(store: MessageStore): Promise<void> {
    let pages = 0
    while (await this.pull(store, 5)) claim(pages++ < 1000, 'I19 a feed without an end', this.#user)
    this.mayResync = false
    for (const row of (await store.getConversations(this.#user, { limit: 100 })).items) {
      const seen = (await store.getMessages(this.#user, row.id, { limit: 1000 })).items
        .map(({ seq }) => seq)
        .reverse()
      const told = [...(this.#messages.get(row.id) ?? [])].sort((a, b) => a - b)
      claimEqual(told, seen, `feed of ${this.#user}: messages of ${row.id}`)
      claimEqual(this.#read.get(row.id) ?? 0, row.readSeq, `feed of ${this.#user}: read in ${row.id}`)
    }
  }

  /** As the contract says: a token, then lists and pages. The caller knows that nothing else may go on meanwhile. */
  async #resync(store: MessageStore): Promise<void> {
    this.#messages.clear()
    this.#read.clear()
    const { token } = await store.getChanges(this.#user)
    for (const row of (await store.getConversations(this.#user, { limit: 100 })).items) {
      const { items } = await store.getMessages(this.#user, row.id, { limit: 1000 })
      this.#messages.set(row.id, new Set(items.map(({ seq }) => seq)))
      this.#read.set(row.id, row.readSeq)
    }
    this.#token = token
  }

  #apply(change: Change): void {
    if (change.kind === 'message') {
      const { conversationId, seq } = change.message
      const told = this.#messages.get(conversationId) ?? new Set()
      claim(!told.has(seq), 'a feed tells a message twice', this.#user, conversationId, seq)
      this.#messages.set(conversationId, told.add(seq))
    } else if (change.kind === 'read' && change.userId === this.#user) {
      claim(change.seq >= (this.#read.get(change.conversationId) ?? 0), 'a feed goes back', change)
      this.#read.set(change.conversationId, change.seq)
    }
  }
}
