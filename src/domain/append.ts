import { andThen } from '../async/maybe-promise.js'
import type { Backend, ConversationHandle, Found, MaybePromise } from '../backend/port.js'
import { ColumbaError } from '../errors.js'
import type { ConversationId, UserId } from '../model/ids.js'
import type { MessageDraft, SendReceipt } from '../model/message.js'
import { shownId } from '../model/message-ids.js'
import type { DomainContext } from './context.js'
import type { Decision } from './lanes.js'
import { isPresent } from './membership.js'
import { notAMember, requireUsers } from './participants.js'

/**
 * Sending. The order of decisions is the promise that a rejection is definite: the key is looked up first, and a
 * repeat is answered whatever has changed since; only a new key is checked for limits, users, membership and blocks.
 */
export class Append {
  readonly #context: DomainContext
  readonly #backend: Backend
  /** True if a write can be handed over and left to itself, because it never moves. */
  readonly #pipelined: boolean
  readonly #open: boolean
  /** Those that wait for the message that they repeat. */
  #repeats = 0

  constructor(context: DomainContext) {
    this.#context = context
    this.#backend = context.backend
    this.#pipelined = context.backend.capabilities.moved === 'never'
    this.#open = context.usersMode === 'open'
  }

  /**
   * To `receiver`; the first message of two users begins their conversation. `excess` is what the message is refused with if its key
   * is new.
   */
  direct(receiver: UserId, draft: MessageDraft, excess?: ColumbaError): Promise<SendReceipt> {
    const handle = this.#backend.direct(draft.sender, receiver)
    if (this.#open && this.#pipelined && handle.lane === null && this.#loadAtOnce(handle, draft.sender)) {
      // The warm path of nearly all sends: nothing to wait for, so the backend's promise is the answer.
      const found = this.#backend.find(handle, draft.sender, draft.id)
      if (found === null) {
        if (excess !== undefined) throw excess
        if (handle.isBlocked(draft.sender)) throw blocked()
        return this.#handOver(handle, draft)
      }
      if (isStored(found)) return Promise.resolve(receiptOfRepeat(handle, draft, found))
      return this.#inLane(handle, draft, receiver, excess, found)
    }
    return this.#inLane(handle, draft, receiver, excess)
  }

  /** Into a conversation that is there. */
  into(id: ConversationId, draft: MessageDraft, excess?: ColumbaError): Promise<SendReceipt> {
    const handle = this.#backend.conversation(id)
    if (this.#open && this.#pipelined && handle.loaded && handle.lane === null) {
      const found = this.#backend.find(handle, draft.sender, draft.id)
      if (found === null && excess !== undefined) throw excess
      if (found === null && handle.kind === 'group') {
        const member = this.#backend.member(handle, draft.sender)
        if (!(member instanceof Promise)) {
          if (!isPresent(member)) throw notAMember()
          return this.#handOver(handle, draft)
        }
        // Asked again in the lane.
        member.catch(ignored)
      } else if (isStored(found)) return Promise.resolve(receiptOfRepeat(handle, draft, found))
      return this.#inLane(handle, draft, undefined, excess, found)
    }
    return this.#inLane(handle, draft, undefined, excess)
  }

  /** Loads it if that needs no waiting; true if it is loaded now. */
  #loadAtOnce(handle: ConversationHandle, viewer: UserId): boolean {
    if (handle.loaded) return true
    const load = this.#backend.load(handle, viewer)
    // Asked again in the lane, where it is one load with this one.
    load?.catch(ignored)
    return handle.loaded
  }

  /** Only where nothing moves. */
  #handOver(handle: ConversationHandle, draft: MessageDraft): Promise<SendReceipt> {
    return this.#backend.append(handle, handle.head, draft) as Promise<SendReceipt>
  }

  #inLane(
    handle: ConversationHandle,
    draft: MessageDraft,
    receiver: UserId | undefined,
    excess: ColumbaError | undefined,
    found?: MaybePromise<Found | null>,
  ): Promise<SendReceipt> {
    let first = found
    // The lane may refuse the call, and nobody then asks what was found.
    if (found instanceof Promise) found.catch(ignored)
    const sent = this.#context.lanes.write<SendReceipt>(
      handle,
      draft.sender,
      () => {
        const known = first === undefined ? this.#backend.find(handle, draft.sender, draft.id) : first
        first = undefined
        return andThen(known, (message) => this.#decide(handle, draft, receiver, excess, message))
      },
      draft.text.length + (draft.attributes?.length ?? 0),
    )
    return this.#context.lifecycle.accept(sent)
  }

  #decide(
    handle: ConversationHandle,
    draft: MessageDraft,
    receiver: UserId | undefined,
    excess: ColumbaError | undefined,
    found: Found | null,
  ): MaybePromise<Decision<SendReceipt>> {
    if (found !== null) return { handed: this.#repeat(handle, draft, found) }
    if (excess !== undefined) throw excess
    return andThen(this.#admit(handle, draft.sender, receiver), () => ({
      handed: this.#backend.append(handle, handle.head, draft),
    }))
  }

  /** Throws what a new message from this sender is refused with. */
  #admit(handle: ConversationHandle, sender: UserId, receiver: UserId | undefined): MaybePromise<void> {
    const users = receiver === undefined ? [sender] : [sender, receiver]
    return andThen(requireUsers(this.#context, users), () => {
      if (handle.kind === 'group') {
        return andThen(this.#backend.member(handle, sender), (member) => {
          if (!isPresent(member)) throw notAMember()
        })
      }
      // By its id, a direct conversation is there from its first message on, and for its two participants.
      if (receiver === undefined && (handle.head === 0 || !handle.pair?.includes(sender))) throw notAMember()
      if (handle.isBlocked(sender)) throw blocked()
      return undefined
    })
  }

  /**
   * The answer to a repeat, once the message it repeats is durable. As long as a slow disk keeps that one waiting, phones repeat it
   * again and again: so many wait as calls may wait for the log, and none of them keeps its text.
   */
  #repeat(handle: ConversationHandle, draft: MessageDraft, found: Found): Promise<SendReceipt> {
    const answer = answerToRepeat(handle, draft, found)
    if (found.settled === null) return Promise.resolve().then(answer)
    const { queueCalls } = this.#context.limits
    if (this.#repeats >= queueCalls) return Promise.reject(tooManyRepeats(queueCalls))
    this.#repeats += 1
    return found.settled.then(answer).finally(() => {
      this.#repeats -= 1
    })
  }
}

/**
 * True for a message that is durable: a repeat of it writes nothing and waits for nothing, so it needs no lane where nobody is in
 * one. A repeat of a message under way goes through the lane, and is answered when that one is durable.
 */
function isStored(found: MaybePromise<Found | null>): found is Found {
  return found !== null && !(found instanceof Promise) && found.settled === null
}

/** The receipt of the message that was found; throws IDEMPOTENCY_CONFLICT if the draft repeats only its id. */
function receiptOfRepeat(handle: ConversationHandle, draft: MessageDraft, found: Found): SendReceipt {
  const { seq, timestamp } = found
  if (found.text !== draft.text || found.attributes !== draft.attributes) {
    throw new ColumbaError('IDEMPOTENCY_CONFLICT', 'the same id was used for a message with other content', {
      seq,
    })
  }
  return { conversationId: handle.id, seq, messageId: shownId(draft.id), timestamp, duplicate: true }
}

/** The same, worked out now and given later. IMPORTANT: what it gives holds on to nothing of the draft. */
function answerToRepeat(handle: ConversationHandle, draft: MessageDraft, found: Found): () => SendReceipt {
  try {
    return giving(receiptOfRepeat(handle, draft, found))
  } catch (error) {
    return throwing(error)
  }
}

function giving<T>(value: T): () => T {
  return () => value
}

function throwing(error: unknown): () => never {
  return () => {
    throw error
  }
}

function tooManyRepeats(limit: number): ColumbaError {
  return new ColumbaError('OVERLOADED', 'too many wait for a message that is under way', { limit })
}

function blocked(): ColumbaError {
  return new ColumbaError('BLOCKED', 'the receiver has blocked the sender')
}

function ignored(): void {
  // Whoever asks again is told.
}
