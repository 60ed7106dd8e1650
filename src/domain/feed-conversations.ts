import type { Backend, ConversationHandle } from '../backend/port.js'
import type { ConversationId } from '../model/ids.js'

interface Held {
  readonly handle: ConversationHandle
  readonly release: () => void
}

/** The conversations that a page of a feed points to. Each is held from its first pointer to the page's end, and so read once. */
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
    this.#held.set(id, { handle, release: this.#backend.hold(handle) })
    return handle
  }

  /** The page is there, or will never be. */
  release(): void {
    for (const { release } of this.#held?.values() ?? []) release()
    this.#held = null
  }
}
