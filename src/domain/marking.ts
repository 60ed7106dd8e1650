import { andThen } from '../async/maybe-promise.js'
import type { Backend, ConversationHandle, MaybePromise } from '../backend/port.js'
import { hasLeft } from '../model/conversation.js'
import type { Marks, Participation } from '../model/conversation.js'
import type { UserId } from '../model/ids.js'
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
  /** By ids: the backend may give a conversation another handle while a mark is being written. */
  readonly #slots = new Map<string, Slot>()

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
    const key = `${user.length} ${user}${handle.id}`
    const slot = this.#slots.get(key)
    if (slot === undefined) {
      const running = this.#tidied(key, this.#write(user, handle, wanted))
      this.#slots.set(key, { running, waiting: null })
      return running
    }
    if (slot.waiting !== null) {
      const merged = slot.waiting.wanted
      merged.read = Math.max(merged.read, wanted.read)
      merged.delivered = Math.max(merged.delivered, wanted.delivered)
      merged.participation = wanted.participation
      return slot.waiting.turn
    }
    const next = (): Promise<unknown> => {
      slot.waiting = null
      slot.running = turn
      return this.#write(user, handle, wanted)
    }
    // Whether the one before failed is told to those who made it.
    const turn: Promise<void> = this.#tidied(key, slot.running.then(next, next))
    slot.waiting = { wanted, turn }
    return turn
  }

  /** The same, with its slot gone at the end if nothing waits behind it. */
  #tidied(key: string, write: Promise<unknown>): Promise<void> {
    const tidy = (): void => {
      const slot = this.#slots.get(key)
      if (slot?.running === done && slot.waiting === null) this.#slots.delete(key)
    }
    const done: Promise<void> = write.then(tidy, (error: unknown) => {
      tidy()
      throw error
    })
    return done
  }

  /** What is in memory is handed over in this very step. */
  #write(user: UserId, handle: ConversationHandle, wanted: Wanted): Promise<unknown> {
    try {
      const raised = andThen(this.#backend.marks(user, handle), (marks) =>
        this.#raise(user, handle, wanted, marks),
      )
      return Promise.resolve(raised)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #raise(
    user: UserId,
    handle: ConversationHandle,
    { read, delivered, participation }: Wanted,
    marks: Marks,
  ): MaybePromise<unknown> {
    // Delivery beyond what was read is a change of its own, though both were waiting together.
    const apart = delivered > Math.max(marks.delivered, read)
    const deliver = apart
      ? this.#backend.mark(user, handle, { ...positionsOf(marks), delivered }, 'delivered')
      : undefined
    if (read <= marks.read) return deliver
    return andThen(deliver, () =>
      andThen(this.#ownAt(user, handle, read, participation), (ownAtRead) => {
        const raised = { read, delivered: Math.max(marks.delivered, delivered, read), ownAtRead }
        return this.#backend.mark(user, handle, raised, 'read')
      }),
    )
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
