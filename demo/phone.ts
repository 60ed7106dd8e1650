import type { Change, Message, MessageStore } from '../src/index.js'
import { isSame } from './check.js'
import type { Problems } from './problems.js'
import type { Recount } from './recount.js'

interface Known {
  /** The other user, or the id of the group. */
  readonly name: string
  readonly messages: Map<number, Message>
  read: number
}

const changesPage = 200
const historyPage = 500

/** A phone that takes a token, loads everything, goes offline, and is brought up to date by the feed alone. */
export class OfflinePhone {
  readonly #store: MessageStore
  readonly user: string
  readonly #known = new Map<string, Known>()
  #token = ''
  readonly sync = { pages: 0, changes: 0, messages: 0, marks: 0 }

  constructor(store: MessageStore, user: string) {
    this.#store = store
    this.user = user
  }

  /** What the phone had when it went offline. */
  get loaded(): { readonly conversations: number; readonly messages: number } {
    let messages = 0
    for (const known of this.#known.values()) messages += known.messages.size
    return { conversations: this.#known.size, messages }
  }

  async load(): Promise<void> {
    this.#token = (await this.#store.getChanges(this.user)).token
    let cursor: string | undefined
    do {
      const page = await this.#store.getConversations(this.user, { cursor })
      for (const row of page.items) {
        const known: Known = { name: row.peer ?? row.id, messages: new Map(), read: row.readSeq }
        this.#known.set(row.id, known)
        await this.#loadHistory(row.id, known)
      }
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
  }

  /** Follows the feed from the token on until there is no more. */
  async catchUp(problems: Problems): Promise<void> {
    for (let hasMore = true; hasMore;) {
      const page = await this.#store.getChanges(this.user, { since: this.#token, limit: changesPage })
      this.sync.pages++
      for (const change of page.changes) await this.#apply(change, problems)
      this.#token = page.token
      hasMore = page.hasMore
    }
  }

  /** What the phone has by now must be what the recount says. */
  check(recount: Recount, problems: Problems): void {
    const rows = recount.rowsOf(this.user)
    problems.same(`${this.user}'s phone: conversations`, this.#known.size, rows.length)
    const byName = new Map([...this.#known.values()].map((known) => [known.name, known]))
    for (const { place, visible, read, unread } of rows) {
      const name = 'group' in place ? place.group : place.peer
      const where = `${this.user}'s phone: ${name}`
      const known = byName.get(name)
      if (known === undefined) {
        problems.add(where, 'not there', 'a conversation')
        continue
      }
      const wrong = visible.find((message) => {
        const found = known.messages.get(message.seq)
        return found === undefined || !isSame(found, message)
      })
      if (wrong !== undefined) problems.add(where, known.messages.get(wrong.seq) ?? 'missing', wrong)
      problems.same(`${where}: messages`, known.messages.size, visible.length)
      problems.same(`${where}: read`, known.read, read)
      problems.same(`${where}: unread`, this.#unread(known), unread)
    }
  }

  async #apply(change: Change, problems: Problems): Promise<void> {
    this.sync.changes++
    if (change.kind === 'message') {
      const { message } = change
      const { messages } = await this.#knownAs(message.conversationId)
      if (messages.has(message.seq)) problems.add(`${this.user}'s phone: twice`, message, 'once')
      messages.set(message.seq, message)
      this.sync.messages++
    } else if (change.kind === 'read' || change.kind === 'delivered') {
      this.sync.marks++
      if (change.kind === 'read' && change.userId === this.user) {
        ;(await this.#knownAs(change.conversationId)).read = change.seq
      }
    } else if (change.kind === 'conversation') await this.#knownAs(change.conversation.id)
  }

  /** A conversation that has begun meanwhile is asked for by its id. */
  async #knownAs(id: string): Promise<Known> {
    const found = this.#known.get(id)
    if (found !== undefined) return found
    const row = await this.#store.getConversation(this.user, id)
    if (row === null) throw new Error(`the feed of ${this.user} names a conversation that is not there`)
    const known: Known = { name: row.peer ?? row.id, messages: new Map(), read: 0 }
    this.#known.set(id, known)
    return known
  }

  #unread({ messages, read }: Known): number {
    return [...messages.values()].filter(({ seq, sender }) => sender !== this.user && seq > read).length
  }

  async #loadHistory(id: string, known: Known): Promise<void> {
    let cursor: string | undefined
    do {
      const page = await this.#store.getMessages(this.user, id, { limit: historyPage, cursor })
      for (const message of page.items) known.messages.set(message.seq, message)
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
  }
}
