import { andThen } from '../async/maybe-promise.js'
import type { Backend, ConversationHandle, MaybePromise } from '../backend/port.js'
import { hasLeft } from '../model/conversation.js'
import type { Marks, Participation } from '../model/conversation.js'
import type { ConversationId, UserId } from '../model/ids.js'
import type { DomainContext } from './context.js'
import { see } from './participants.js'
import type { Target } from './participants.js'

/** How far a user has come by the calls that wait; 0 for not at all. */
interface Wanted {
  read: number
  delivered: number
  /** The newest look at the conversation: it knows the user's own messages up to its head. */
  participation: Participation
}

/** What is under way for one user in one conversation. */
interface Slot {
  running: Promise<void>
  /** What waits behind it, all as one, and the promise of its turn. */
  waiting: { readonly wanted: Wanted; readonly turn: Promise<void> } | null
}

/**
 * Delivered and read. Marks only rise, never above the newest message that the user may see, and reading implies
 * delivery. While a mark of a user in a conversation is being written, all later ones wait together and are written as
 * one: a phone that reports every message makes few records.
 */
export class Marking {
  readonly #context: DomainContext
  readonly #backend: Backend
  /** By id: the backend may give a conversation another handle while a mark is being written. */
  readonly #slots = new Map<ConversationId, Map<UserId, Slot>>()

  constructor(context: DomainContext) {
    this.#context = context
    this.#backend = context.backend
  }

  /** Up to `seq`, or up to the newest message. In a conversation that the user has left nothing changes. */
  mark(user: UserId, target: Target, by: 'read' | 'delivered', seq: number | undefined): MaybePromise<void> {
    return andThen(see(this.#context, user, target), ({ handle, participation }) => {
      if (participation === null || hasLeft(participation)) return undefined
      const reached = Math.min(seq ?? participation.head, participation.head)
      // Nothing to write, and nothing under way that could be what the caller sees as done.
      if (reached <= participation.marks[by]) return undefined
      return this.#want(user, handle, {
        read: by === 'read' ? reached : 0,
        delivered: reached,
        participation,
      })
    })
  }

  #want(user: UserId, handle: ConversationHandle, wanted: Wanted): Promise<void> {
    const users = this.#slots.get(handle.id) ?? new Map<UserId, Slot>()
    const slot = users.get(user)
    if (slot === undefined) {
      const running = this.#write(user, handle, wanted)
      users.set(user, { running, waiting: null })
      this.#slots.set(handle.id, users)
      this.#tidyBehind(running, user, handle)
      return running
    }
    if (slot.waiting !== null) {
      const merged = slot.waiting.wanted
      merged.read = Math.max(merged.read, wanted.read)
      merged.delivered = Math.max(merged.delivered, wanted.delivered)
      merged.participation = wanted.participation
      return slot.waiting.turn
    }
    const next = (): Promise<void> => {
      slot.waiting = null
      slot.running = turn
      return this.#write(user, handle, wanted)
    }
    // Whether the one before failed is told to those who made it.
    const turn = slot.running.then(next, next)
    slot.waiting = { wanted, turn }
    this.#tidyBehind(turn, user, handle)
    return turn
  }

  #tidyBehind(done: Promise<void>, user: UserId, handle: ConversationHandle): void {
    const tidy = (): void => {
      const users = this.#slots.get(handle.id)
      const slot = users?.get(user)
      if (users === undefined || slot?.running !== done || slot.waiting !== null) return
      users.delete(user)
      if (users.size === 0) this.#slots.delete(handle.id)
    }
    done.then(tidy, tidy)
  }

  async #write(user: UserId, handle: ConversationHandle, wanted: Wanted): Promise<void> {
    const marks = await this.#backend.marks(user, handle)
    const { read, delivered } = wanted
    if (delivered > Math.max(marks.delivered, read)) {
      // Delivery beyond what was read is a change of its own, though both were waiting together.
      await this.#backend.mark(user, handle, { ...positionsOf(marks), delivered }, 'delivered')
    }
    if (read > marks.read) {
      const ownAtRead = await this.#ownAt(user, handle, read, wanted.participation)
      const raised = { read, delivered: Math.max(marks.delivered, delivered, read), ownAtRead }
      await this.#backend.mark(user, handle, raised, 'read')
    }
  }

  #ownAt(
    user: UserId,
    handle: ConversationHandle,
    seq: number,
    participation: Participation,
  ): MaybePromise<number> {
    return seq === participation.head ? participation.ownAtHead : this.#backend.ownCount(user, handle, seq)
  }
}

function positionsOf({ read, delivered, ownAtRead }: Marks) {
  return { read, delivered, ownAtRead }
}
