import type { Backend, ConversationHandle, MaybePromise } from '../backend/port.js'
import { isPresent } from '../model/group.js'
import type { Marks, Standing } from '../model/conversation.js'
import type { ConversationId, UserId } from '../model/ids.js'
import { pairKey } from '../model/pair-key.js'
import type { DomainContext } from './context.js'
import { handleOf, partIn, requireUser } from './participants.js'
import type { Target } from './participants.js'

/** How far a user has come by the calls that wait; 0 for not at all. */
interface Wanted {
  read: number
  delivered: number
  /** The user's own messages up to `read`; null if they have to be counted. */
  ownAtRead: number | null
}

/** The last marks of a participant of a direct conversation that were handed over in the step of their call. */
class HandedOver {
  readonly user: UserId
  read = 0
  delivered = 0
  written: Promise<void>
  /** What the other participant has handed over. */
  readonly other: HandedOver | null

  constructor(user: UserId, other: HandedOver | null, written: Promise<void>) {
    this.user = user
    this.other = other
    this.written = written
  }
}

/** What is under way for one user in one conversation. */
class Slot {
  readonly user: UserId
  running: Promise<void>
  /** What waits for it, all as one, and the promise of its turn. */
  waiting: { readonly wanted: Wanted; readonly turn: Promise<void> } | null = null
  /** The other participant's slot. */
  other: Slot | null

  constructor(user: UserId, running: Promise<void>, other: Slot | null) {
    this.user = user
    this.running = running
    this.other = other
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
  /** True if no call has to wait for a write that was handed over: closing the backend finishes it. */
  readonly #pipelined: boolean
  readonly #open: boolean
  /**
   * Users whose calls have to wait, for each other or for something to be read. For a direct conversation by its id, both
   * participants in a chain; for a group by user and id. The backend may give a conversation another handle meanwhile.
   */
  readonly #slots = new Map<string, Slot>()

  constructor(context: DomainContext) {
    this.#context = context
    this.#backend = context.backend
    this.#pipelined = context.backend.capabilities.moved === 'never'
    this.#open = context.usersMode === 'open'
  }

  /** Up to `seq`, or up to the newest message at the call. In a conversation that the user has left nothing changes. */
  mark(user: UserId, target: Target, by: 'read' | 'delivered', seq: number | undefined): MaybePromise<void> {
    if (this.#open) return this.#mark(user, target, by, seq)
    const checked = requireUser(this.#context, user, 'userId')
    if (checked === undefined) return this.#mark(user, target, by, seq)
    const upTo = this.#upTo(user, handleOf(this.#backend, user, target), seq)
    return this.#accept(Promise.all([upTo, checked]).then(([until]) => this.#mark(user, target, by, until)))
  }

  /** IMPORTANT: asked in the step of the call: what comes while something is read was not there to be read by the user. */
  async #upTo(user: UserId, handle: ConversationHandle, seq: number | undefined): Promise<number> {
    return seq ?? this.#backend.headAtCall(user, handle)
  }

  #mark(user: UserId, target: Target, by: 'read' | 'delivered', seq: number | undefined): MaybePromise<void> {
    const handle = handleOf(this.#backend, user, target)
    const found = this.#backend.standing(user, handle)
    if (found instanceof Promise) {
      const both = Promise.all([found, this.#upTo(user, handle, seq)])
      return this.#accept(both.then(([read, until]) => this.#raiseLater(user, target, read, by, until)))
    }
    const standing = partIn(found, target)
    const reached = reachedIn(standing, by, seq)
    if (standing === null || reached === null) return undefined
    const { marks } = standing
    const isDirect = standing.kind === 'direct'
    const key = keyOf(user, handle, standing)
    const slot = this.#slotOf(key, user) ?? this.#slotBehindHandedOver(key, user, handle, marks)
    if (slot !== null) return this.#accept(this.#wait(key, slot, handle.id, wantedBy(by, reached, standing)))
    const read = by === 'read' ? reached : marks.read
    const delivered = Math.max(marks.delivered, reached)
    const ownAtRead = this.#ownAt(user, handle, standing, read)
    if (ownAtRead instanceof Promise) {
      const written = ownAtRead.then((own) =>
        this.#backend.mark(user, handle, { read, delivered, ownAtRead: own }, by),
      )
      this.#take(key, user, written)
      return this.#accept(written)
    }
    const written = this.#backend.mark(user, handle, { read, delivered, ownAtRead }, by)
    if (isDirect && this.#pipelined && handle.loaded) {
      noteHandedOver(handle, user, read, delivered, written)
      return written
    }
    this.#take(key, user, written)
    return this.#accept(written)
  }

  /**
   * What was read may be of the past, and its conversation may have left memory meanwhile: it says how far the call reaches, but
   * not what the marks are now. So they are read again, in their turn.
   */
  #raiseLater(
    user: UserId,
    target: Target,
    found: Standing | null,
    by: 'read' | 'delivered',
    seq: number,
  ): MaybePromise<void> {
    const standing = partIn(found, target)
    const reached = reachedIn(standing, by, seq)
    if (standing === null || reached === null) return undefined
    const handle = handleOf(this.#backend, user, target)
    const key = keyOf(user, handle, standing)
    const slot = this.#slotOf(key, user) ?? this.#slotBehindHandedOver(key, user, handle, standing.marks)
    const wanted = wantedBy(by, reached, standing)
    if (slot !== null) return this.#wait(key, slot, handle.id, wanted)
    const written = this.#write(user, handle.id, wanted)
    this.#take(key, user, written)
    return written
  }

  #ownAt(
    user: UserId,
    handle: ConversationHandle,
    { marks, head, ownAtHead }: Standing,
    read: number,
  ): MaybePromise<number> {
    if (read === marks.read) return marks.ownAtRead
    return read === head ? ownAtHead : this.#backend.ownCount(user, handle, read)
  }

  /** Keeps closing waiting for it. */
  #accept(call: Promise<void>): Promise<void> {
    return this.#context.lifecycle.accept(call)
  }

  // ---- what is under way

  #slotOf(key: string, user: UserId): Slot | null {
    if (this.#slots.size === 0) return null
    let slot = this.#slots.get(key) ?? null
    while (slot !== null && slot.user !== user) slot = slot.other
    return slot
  }

  /** Null if all that was handed over at once is visible: then it has settled. */
  #slotBehindHandedOver(key: string, user: UserId, handle: ConversationHandle, marks: Marks): Slot | null {
    let last = handle.marking as HandedOver | null
    while (last !== null && last.user !== user) last = last.other
    if (last === null || (marks.read >= last.read && marks.delivered >= last.delivered)) return null
    // From here on the slot says what is under way; also if it has failed, and will never be visible.
    last.read = last.delivered = 0
    return this.#take(key, user, last.written)
  }

  #take(key: string, user: UserId, running: Promise<void>): Slot {
    const slot = new Slot(user, running, this.#slots.get(key) ?? null)
    this.#slots.set(key, slot)
    this.#removeWhenDone(key, slot, running)
    return slot
  }

  /** Removes the slot when nothing waits after what has settled. */
  #removeWhenDone(key: string, slot: Slot, running: Promise<void>): void {
    const done = (): void => {
      if (slot.running === running && slot.waiting === null) this.#remove(key, slot)
    }
    running.then(done, done)
  }

  #remove(key: string, slot: Slot): void {
    const first = this.#slots.get(key) as Slot
    if (first !== slot) first.other = slot.other
    else if (slot.other === null) this.#slots.delete(key)
    else this.#slots.set(key, slot.other)
  }

  #wait(key: string, slot: Slot, id: ConversationId, wanted: Wanted): Promise<void> {
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
      return this.#write(slot.user, id, wanted)
    }
    // A failure of the one before is told to its own callers.
    const turn: Promise<void> = slot.running.then(next, next)
    slot.waiting = { wanted, turn }
    this.#removeWhenDone(key, slot, turn)
    return turn
  }

  // ---- writing

  /** What has waited: the marks are others by now. */
  async #write(user: UserId, id: ConversationId, wanted: Wanted): Promise<void> {
    const backend = this.#backend
    const { read } = wanted
    // IMPORTANT: a handle of now, which knows all that the waiting callers have seen; that of the first of them may be of the
    // past.
    const handle = backend.conversation(id)
    if (!handle.loaded) await backend.load(handle, user)
    const marks = await backend.marks(user, handle)
    const delivered = Math.max(marks.delivered, wanted.delivered, read)
    // Delivery beyond what was read is a change of its own, though both were waiting together.
    if (delivered > Math.max(marks.delivered, read)) {
      const before = { read: marks.read, delivered, ownAtRead: marks.ownAtRead }
      await backend.mark(user, handle, before, 'delivered')
    }
    if (read <= marks.read) return
    const ownAtRead = wanted.ownAtRead ?? (await backend.ownCount(user, handle, read))
    await backend.mark(user, handle, { read, delivered, ownAtRead }, 'read')
  }
}

/** How far a call reaches; null if it can change nothing: the marks that readers see are there already, or the user has left. */
function reachedIn(
  standing: Standing | null,
  by: 'read' | 'delivered',
  seq: number | undefined,
): number | null {
  if (standing === null || !isPresent(standing)) return null
  const { head, marks } = standing
  const reached = seq === undefined || seq > head ? head : seq
  return reached > (by === 'read' ? marks.read : marks.delivered) ? reached : null
}

function wantedBy(by: 'read' | 'delivered', reached: number, { head, ownAtHead }: Standing): Wanted {
  return {
    read: by === 'read' ? reached : 0,
    delivered: reached,
    ownAtRead: reached === head ? ownAtHead : null,
  }
}

function keyOf(user: UserId, { id }: ConversationHandle, { kind }: Standing): string {
  return kind === 'direct' ? id : pairKey(user, id)
}

/** Remembers it on the handle, which the backend keeps as long as it is being written. */
function noteHandedOver(
  handle: ConversationHandle,
  user: UserId,
  read: number,
  delivered: number,
  written: Promise<void>,
): void {
  let last = handle.marking as HandedOver | null
  while (last !== null && last.user !== user) last = last.other
  if (last === null)
    handle.marking = last = new HandedOver(user, handle.marking as HandedOver | null, written)
  last.read = read
  last.delivered = delivered
  last.written = written
}
