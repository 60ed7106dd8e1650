import type { MessageStore } from '../../src/api/message-store.js'
import type { Change } from '../../src/model/change.js'
import { claim, claimEqual } from './finding.js'

/** What a feed has told of one user's conversations, from the beginning. */
export class ToldFeed {
  readonly #user: string
  readonly #messages = new Map<string, Set<number>>()
  readonly #read = new Map<string, number>()

  constructor(user: string) {
    this.#user = user
  }

  apply(change: Change): void {
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

  /** While nothing else goes on: what was told is what there is. */
  async verify(store: MessageStore): Promise<void> {
    for (const row of (await store.getConversations(this.#user, { limit: 100 })).items) {
      const seen = (await seqsOf(store, this.#user, row.id)).reverse()
      const told = [...(this.#messages.get(row.id) ?? [])].sort((a, b) => a - b)
      claimEqual(told, seen, `feed of ${this.#user}: messages of ${row.id}`)
      claimEqual(this.#read.get(row.id) ?? 0, row.readSeq, `feed of ${this.#user}: read in ${row.id}`)
    }
  }

  /**
   * As the contract says where a feed asks for it: a token, then lists and pages. Resolves to the token. The caller knows that nothing
   * else may go on meanwhile.
   */
  async resync(store: MessageStore): Promise<string> {
    this.#messages.clear()
    this.#read.clear()
    const { token } = await store.getChanges(this.#user)
    for (const row of (await store.getConversations(this.#user, { limit: 100 })).items) {
      this.#messages.set(row.id, new Set(await seqsOf(store, this.#user, row.id)))
      this.#read.set(row.id, row.readSeq)
    }
    return token
  }
}

/** Newest first. */
async function seqsOf(store: MessageStore, user: string, conversationId: string): Promise<number[]> {
  const { items } = await store.getMessages(user, conversationId, { limit: 1000 })
  return items.map(({ seq }) => seq)
}
