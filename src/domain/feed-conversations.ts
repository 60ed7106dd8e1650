import type { Backend, ConversationHandle } from '../backend/port.js'
import type { ConversationId } from '../model/ids.js'

interface Held {
  readonly handle: ConversationHandle
  readonly release: () => void
}

/** What is held cannot leave memory; many pages may wait for the disk at once, and a conversation may be a group of hundreds. */
const mostHeld = 64

/**
 * The conversations that a page of a feed points to. Each is held from its first pointer to the page's end, and so read once.
 * Beyond 64 the one that has been held longest is let go of: it is read again only if there was no room for it in the meantime.
 */
export class FeedConversations {
  readonly #backend: Backend
  readonly #isHolding: boolean
  #held: Map<ConversationId, Held> | null = null

  /** `pointers`: of the page. For one there is nothing to hold. */
  constructor(backend: Backend, pointers: number) {
    this.#backend = backend
    this.#isHolding = pointers > 1
  }

  of(id: ConversationId): ConversationHandle {
    const known = this.#held?.get(id)
    if (known !== undefined) return known.handle
    const handle = this.#backend.conversation(id)
    if (!this.#isHolding) return handle
    this.#held ??= new Map()
    if (this.#held.size >= mostHeld) this.#letGoOfOldest(this.#held)
    this.#held.set(id, { handle, release: this.#backend.hold(handle) })
    return handle
  }

  #letGoOfOldest(held: Map<ConversationId, Held>): void {
    for (const [id, { release }] of held) {
      held.delete(id)
      release()
      return
    }
  }

  /** The page is there, or will never be. */
  release(): void {
    for (const { release } of this.#held?.values() ?? []) release()
    this.#held = null
  }
}
