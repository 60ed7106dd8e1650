import type { MessageStore } from '../../src/api/message-store.js'
import type { SeededChance } from '../../src/backend/reference/seeded-chance.js'
import type { Change } from '../../src/model/change.js'

/** The messages among changes, in their order. */
const messagesOf = (changes: readonly Change[]): string[] =>
  changes.flatMap((change) =>
    change.kind === 'message' ? [`${change.message.conversationId} ${change.message.seq}`] : [],
  )

/** A device that is connected from the beginning to the end: what it is told live must be what the stored feed has. */
export class Follower {
  readonly #store: MessageStore
  readonly #user: string
  readonly #since: string
  readonly #told: Change[] = []
  readonly #ending = new AbortController()
  readonly #over: Promise<void>
  #lastText: string | undefined
  #sawLast = (): void => undefined

  private constructor(store: MessageStore, user: string, since: string) {
    this.#store = store
    this.#user = user
    this.#since = since
    this.#over = this.#listen()
  }

  static async begin(store: MessageStore, user: string): Promise<Follower> {
    return new Follower(store, user, (await store.getChanges(user)).token)
  }

  /** While nobody writes. Gives what is not as promised. */
  async end(chance: SeededChance): Promise<string[]> {
    const user = this.#user
    const last = new Promise<void>((resolve) => {
      this.#sawLast = resolve
    })
    this.#lastText = `the last one for ${user}`
    await this.#store.sendMessage({ sender: user, receiver: user, text: this.#lastText })
    await last
    this.#ending.abort()
    await this.#over
    const found: string[] = []
    const live = messagesOf(this.#told)
    const stored = messagesOf(await this.#changesSince(this.#since))
    if (live.join() !== stored.join())
      found.push(`${user} was told live of ${live.join()}, and the feed has ${stored.join()}`)
    const place = chance.below(this.#told.length)
    const rest = messagesOf(this.#told.slice(place + 1))
    const behind = messagesOf(await this.#changesSince((this.#told[place] as Change).position))
    if (rest.join() !== behind.join())
      found.push(`${user} is told of ${behind.join()} behind a position, and was told live of ${rest.join()}`)
    return found
  }

  async #listen(): Promise<void> {
    const { signal } = this.#ending
    for await (const change of this.#store.subscribe(this.#user, { since: this.#since, signal })) {
      this.#told.push(change)
      if (change.kind === 'message' && change.message.text === this.#lastText) this.#sawLast()
    }
  }

  async #changesSince(since: string): Promise<Change[]> {
    const all: Change[] = []
    let token = since
    for (let more = true; more;) {
      const page = await this.#store.getChanges(this.#user, { since: token, limit: 9 })
      all.push(...page.changes)
      ;({ token, hasMore: more } = page)
    }
    return all
  }
}
