import { andThen } from '../async/maybe-promise.js'
import type { Backend, ConversationHandle, Found, MaybePromise } from '../backend/port.js'
import type { ColumbaError } from '../errors.js'
import { isPresent } from '../model/group.js'
import type { ConversationId, UserId } from '../model/ids.js'
import type { MessageDraft, SendReceipt } from '../model/message.js'
import type { DomainContext } from './context.js'
import type { Decision } from './lanes.js'
import { blockedBy, handleOf, notAMember, requireUser, requireUsers } from './participants.js'
import type { Target } from './participants.js'
import { RepeatAnswers, receiptOfRepeat } from './repeat-answers.js'

/**
 * Sending. The order of decisions is the promise that a rejection is definite: the key is looked up first, and a
 * repeat is answered whatever has changed since; only a new key is checked for users, membership and blocks. (What is within the
 * limits is decided by who calls: before, or with `onlyRepeat`.)
 */
export class Append {
  readonly #context: DomainContext
  readonly #backend: Backend
  /** True if a write can be handed over and left to itself, because it never moves. */
  readonly #pipelined: boolean
  readonly #open: boolean
  readonly #repeats: RepeatAnswers

  constructor(context: DomainContext) {
    this.#context = context
    this.#backend = context.backend
    this.#pipelined = context.backend.capabilities.moved === 'never'
    this.#open = context.usersMode === 'open'
    this.#repeats = new RepeatAnswers(context)
  }

  /** To `receiver`; the first message of two users begins their conversation. */
  direct(receiver: UserId, draft: MessageDraft): Promise<SendReceipt> {
    const handle = this.#backend.direct(draft.sender, receiver)
    if (this.#open && this.#pipelined && handle.lane === null && this.#loadNow(handle, draft.sender)) {
      // The warm path of nearly all sends: nothing to wait for, so the backend's promise is the answer.
      const found = this.#backend.find(handle, draft.sender, draft.id)
      if (found === null) {
        if (handle.isBlocked(draft.sender)) throw blockedBy({ field: 'receiver' })
        return this.#handOver(handle, draft)
      }
      if (isStored(found)) return Promise.resolve(receiptOfRepeat(handle, draft, found))
      return this.#inLane(handle, draft, receiver, found)
    }
    return this.#inLane(handle, draft, receiver)
  }

  /** Into a conversation that is there. */
  into(id: ConversationId, draft: MessageDraft): Promise<SendReceipt> {
    const handle = this.#backend.conversation(id)
    if (this.#open && this.#pipelined && handle.loaded && handle.lane === null) {
      const found = this.#backend.find(handle, draft.sender, draft.id)
      if (found === null && handle.kind === 'group') {
        const member = this.#backend.member(handle, draft.sender)
        if (!(member instanceof Promise)) {
          if (!isPresent(member)) throw notAMember()
          return this.#handOver(handle, draft)
        }
        // Asked again in the lane.
        member.catch(ignored)
      } else if (isStored(found)) return Promise.resolve(receiptOfRepeat(handle, draft, found))
      return this.#inLane(handle, draft, undefined, found)
    }
    return this.#inLane(handle, draft, undefined)
  }

  /** One that is beyond the limits of today: answered if it repeats what is there, refused with `excess` otherwise. */
  onlyRepeat(target: Target, draft: MessageDraft, excess: ColumbaError): Promise<SendReceipt> {
    const handle = handleOf(this.#backend, draft.sender, target)
    return this.#context.lifecycle.accept(this.#repeats.answerOrRefuse(handle, draft, excess))
  }

  /** Loads it if that needs no waiting; true if it is loaded now. */
  #loadNow(handle: ConversationHandle, viewer: UserId): boolean {
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
    found?: MaybePromise<Found | null>,
  ): Promise<SendReceipt> {
    let first = found
    // The lane may refuse the call, and what was found is not asked for then.
    if (found instanceof Promise) found.catch(ignored)
    const sent = this.#context.lanes.write<SendReceipt>(
      handle,
      draft.sender,
      () => {
        const known = first === undefined ? this.#backend.find(handle, draft.sender, draft.id) : first
        first = undefined
        return andThen(known, (message) => this.#decide(handle, draft, receiver, message))
      },
      draft.text.length + (draft.attributes?.length ?? 0),
    )
    return this.#context.lifecycle.accept(sent)
  }

  #decide(
    handle: ConversationHandle,
    draft: MessageDraft,
    receiver: UserId | undefined,
    found: Found | null,
  ): MaybePromise<Decision<SendReceipt>> {
    if (found !== null) return { handed: this.#repeats.answer(handle, draft, found) }
    return andThen(this.#admit(handle, draft.sender, receiver), () => ({
      handed: this.#backend.append(handle, handle.head, draft),
    }))
  }

  /** Throws what a new message from this sender is refused with. */
  #admit(handle: ConversationHandle, sender: UserId, receiver: UserId | undefined): MaybePromise<void> {
    return andThen(requireUser(this.#context, sender, 'sender'), () => {
      if (handle.kind === 'group') {
        return andThen(this.#backend.member(handle, sender), (member) => {
          if (!isPresent(member)) throw notAMember()
        })
      }
      const { pair } = handle
      // By its id, a direct conversation is there from its first message on, and for its two participants.
      if (receiver === undefined && (handle.head === 0 || !pair?.includes(sender))) throw notAMember()
      // After that, so that strangers are not told which users are registered.
      const others = pair?.filter((user) => user !== sender) ?? []
      /** Where the call names the other one. */
      const field = receiver === undefined ? 'conversationId' : 'receiver'
      return andThen(
        requireUsers(this.#context, others, () => ({ field })),
        () => {
          if (handle.isBlocked(sender)) throw blockedBy({ field })
        },
      )
    })
  }
}

/**
 * True for a message that is durable: a repeat of it writes nothing and waits for nothing, so it needs no lane where the lane
 * is free. A repeat of a message under way goes through the lane, and is answered when that one is durable.
 */
function isStored(found: MaybePromise<Found | null>): found is Found {
  return found !== null && !(found instanceof Promise) && found.settled === null
}

function ignored(): void {
  // The next call is told.
}
