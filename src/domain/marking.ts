import type { Backend, ConversationHandle, MaybePromise } from '../backend/port.js'
import { hasEnded } from '../model/conversation.js'
import type { Marks, Standing } from '../model/conversation.js'
import type { UserId } from '../model/ids.js'
import type { DomainContext } from './context.js'
import { handleOf, notAMember, requireUsers } from './participants.js'
import type { Target } from './participants.js'

/** How far a user has come by the calls that wait; 0 for not at all. */
interface Wanted {
  read: number
  delivered: number
  /** The user's own messages up to `read`; null if they have to be counted. */
  ownAtRead: number | null
}

/** What is under way for one user in one conversation. */
class Slot {
  readonly user: UserId
  running: Promise<void>
  /** What waits behind it, all as one, and the promise of its turn. */
  waiting: { readonly wanted: Wanted; readonly turn: Promise<void> } | null = null
  /** Of the other participant. */
  next: Slot | null

  constructor(user: UserId, running: Promise<void>, next: Slot | null) {
    this.user = user
    this.running = running
    this.next = next
  }
}

/**
 * Delivered and read. Marks only rise, never above the newest message that the user may see, and reading implies
 * delivery. While a mark of a user in a conversation is being written, all later ones wait together and are written as
 * one: a phone that reports every message makes few records.
 *
 * Where the conversation is in memory and nothing is under way, a mark is handed over in the very step of the call, and the
 * backend's promise is the answer.
 */
export class Marking {
  readonly #context: DomainContext
  readonly #backend: Backend
  /** True if a write that was handed over needs nobody to wait for it: closing the backend finishes it. */
  readonly #pipelined: boolean
  readonly #open: boolean
  /**
   * Of a direct conversation by its id, both participants in a chain; of a group by user and id. The backend may give a
   * conversation another handle while a mark is being written.
   */
  readonly #slots = new Map<string, Slot>()

  constructor(context: DomainContext) {
    this.#context = context
    this.#backend = context.backend
    this.#pipelined = context.backend.capabilities.moved === 'never'
    this.#open = context.usersMode === 'open'
  }

  /** Up to `seq`, or up to the newest message. In a conversation that the user has left nothing changes. */
  mark(user: UserId, target: Target, by: 'read' | 'delivered', seq: number | undefined): MaybePromise<void> {
    if (this.#open) return this.#mark(user, target, by, seq)
    const checked = requireUsers(this.#context, [user])
    if (checked === undefined) return this.#mark(user, target, by, seq)
    return this.#accept(checked.then(() => this.#mark(user, target, by, seq)))
  }

  #mark(user: UserId, target: Target, by: 'read' | 'delivered', seq: number | undefined): MaybePromise<void> {
    const handle = handleOf(this.#backend, user, target)
    const standing = this.#backend.standing(user, handle)
    if (!(standing instanceof Promise)) return this.#raise(user, target, handle, standing, by, seq)
    return this.#accept(standing.then((later) => this.#raise(user, target, handle, later, by, seq)))
  }

  #raise(
    user: UserId,
    target: Target,
    handle: ConversationHandle,
    standing: Standing | null,
    by: 'read' | 'delivered',
    seq: number | undefined,
  ): MaybePromise<void> {
    if (!hasPart(standing, target) || hasEnded(standing.intervals)) return undefined
    const { head, marks } = standing
    const reached = seq === undefined || seq > head ? head : seq
    // Nothing to write, and nothing under way that could be what the caller sees as done.
    if (reached <= marks[by]) return undefined
    const ownAtReached = reached === head ? standing.ownAtHead : null
    const key = standing.kind === 'direct' ? handle.id : `${user.length} ${user}${handle.id}`
    const slot = this.#slotOf(key, user)
    if (slot !== null) {
      const wanted = { read: by === 'read' ? reached : 0, delivered: reached, ownAtRead: ownAtReached }
      return this.#accept(this.#wait(key, slot, handle, wanted))
    }
    const written =
      by === 'read'
        ? this.#read(user, handle, marks, reached, reached, ownAtReached)
        : this.#deliver(user, handle, marks, reached)
    this.#take(key, user, written)
    return this.#pipelined && handle.loaded && (by === 'delivered' || ownAtReached !== null)
      ? written
      : this.#accept(written)
  }

  /** Keeps closing waiting for it. */
  #accept(call: Promise<void>): Promise<void> {
    return this.#context.lifecycle.accept(call)
  }

  // ---- what is under way

  #slotOf(key: string, user: UserId): Slot | null {
    let slot = this.#slots.get(key) ?? null
    while (slot !== null && slot.user !== user) slot = slot.next
    return slot
  }

  #take(key: string, user: UserId, written: Promise<void>): void {
    const slot = new Slot(user, written, this.#slots.get(key) ?? null)
    this.#slots.set(key, slot)
    this.#tidyBehind(key, slot, written)
  }

  /** The slot goes when nothing waits behind what has settled. */
  #tidyBehind(key: string, slot: Slot, running: Promise<void>): void {
    const tidy = (): void => {
      if (slot.running === running && slot.waiting === null) this.#remove(key, slot)
    }
    running.then(tidy, tidy)
  }

  #remove(key: string, slot: Slot): void {
    const first = this.#slots.get(key) as Slot
    if (first !== slot) first.next = slot.next
    else if (slot.next === null) this.#slots.delete(key)
    else this.#slots.set(key, slot.next)
  }

  #wait(key: string, slot: Slot, handle: ConversationHandle, wanted: Wanted): Promise<void> {
    if (slot.waiting !== null) {
      const merged = slot.waiting.wanted
      if (wanted.read > merged.read) {
        merged.read = wanted.read
        merged.ownAtRead = wanted.ownAtRead
      }
      merged.delivered = Math.max(merged.delivered, wanted.delivered)
      return slot.waiting.turn
    }
    const next = (): Promise<void> => {
      slot.waiting = null
      slot.running = turn
      return this.#write(slot.user, handle, wanted)
    }
    // Whether the one before failed is told to those who made it.
    const turn: Promise<void> = slot.running.then(next, next)
    slot.waiting = { wanted, turn }
    this.#tidyBehind(key, slot, turn)
    return turn
  }

  // ---- writing

  /** What has waited: the marks are others by now. */
  async #write(user: UserId, handle: ConversationHandle, wanted: Wanted): Promise<void> {
    const { read, delivered, ownAtRead } = wanted
    const marks = await this.#backend.marks(user, handle)
    // Delivery beyond what was read is a change of its own, though both were waiting together.
    if (delivered > Math.max(marks.delivered, read)) await this.#deliver(user, handle, marks, delivered)
    if (read > marks.read) await this.#read(user, handle, marks, read, delivered, ownAtRead)
  }

  #deliver(user: UserId, handle: ConversationHandle, marks: Marks, delivered: number): Promise<void> {
    const { read, ownAtRead } = marks
    return this.#backend.mark(user, handle, { read, delivered, ownAtRead }, 'delivered')
  }

  #read(
    user: UserId,
    handle: ConversationHandle,
    marks: Marks,
    read: number,
    reached: number,
    own: number | null,
  ): Promise<void> {
    const delivered = Math.max(marks.delivered, reached, read)
    if (own !== null) return this.#backend.mark(user, handle, { read, delivered, ownAtRead: own }, 'read')
    const counted = this.#backend.ownCount(user, handle, read)
    if (!(counted instanceof Promise))
      return this.#backend.mark(user, handle, { read, delivered, ownAtRead: counted }, 'read')
    return counted.then((ownAtRead) =>
      this.#backend.mark(user, handle, { read, delivered, ownAtRead }, 'read'),
    )
  }
}

/** False for a direct conversation, named by its peer, that has not begun. */
function hasPart(standing: Standing | null, target: Target): standing is Standing {
  // A direct conversation begins with its first message; a block or a mark before that does not make one.
  if (standing !== null && (standing.kind === 'group' || standing.head > 0)) return true
  if (!('peer' in target)) throw notAMember()
  return false
}
