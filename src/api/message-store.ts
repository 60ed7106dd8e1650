import type { LocalStats } from '../backend/local-stats.js'
import type { Backend, StoreStats } from '../backend/port.js'
import { Append } from '../domain/append.js'
import { Changes } from '../domain/changes.js'
import type { ChangesPage } from '../domain/changes.js'
import { ConversationList } from '../domain/conversation-list.js'
import { domainContext } from '../domain/context.js'
import type { DomainContext, DomainSettings } from '../domain/context.js'
import { History } from '../domain/history.js'
import { Marking } from '../domain/marking.js'
import { requireUser } from '../domain/participants.js'
import { Receipts } from '../domain/receipts.js'
import type { Receipt } from '../domain/receipts.js'
import { andThen } from '../async/maybe-promise.js'
import type { Change } from '../model/change.js'
import type { Conversation } from '../model/conversation.js'
import type { Message, SendReceipt } from '../model/message.js'
import { shownId } from '../model/message-ids.js'
import type { Page } from '../model/page.js'
import { unreadable } from '../model/unreadable.js'
import { AdminCalls } from './admin-calls.js'
import { checkFields, checkInteger, checkLimit, checkOpaque, checkUserId, invalid } from './arguments.js'
import { Calls } from './calls.js'
import { ContactCalls } from './contact-calls.js'
import { GroupCalls } from './group-calls.js'
import { checkHistory, checkList, checkSeq, checkTarget } from './read-arguments.js'
import type { ConversationRef, GetConversationsOptions, GetMessagesOptions } from './read-arguments.js'
import { checkSend, sendLimits } from './send-arguments.js'
import type { SendRequest } from './send-arguments.js'
import { UserCalls } from './user-calls.js'

export interface GetChangesOptions {
  /** A token or the `position` of a change. Without it: now. */
  readonly since?: string | undefined
  /** Default 100, at most `limits.pageItems`. */
  readonly limit?: number | undefined
}

export interface SubscribeOptions {
  /** A token or the `position` of a change. Without it: what comes from the call on. */
  readonly since?: string | undefined
  /** Aborting ends the subscription. */
  readonly signal?: AbortSignal | undefined
}

export interface Unread {
  /** Unread messages in all conversations of the user. */
  readonly total: number
  /** Conversations with unread messages. */
  readonly conversations: number
}

const defaultChanges = 100
const mostReceipts = 1000

/** A store that `openMessageStore` has opened. */
export type LocalMessageStore = MessageStore<LocalStats>

/**
 * The store as its users see it: each call checks its arguments and hands them to the part of the domain that knows.
 * All calls may be made concurrently. What they give is frozen or the caller's own. They reject with a `ColumbaError`:
 *
 * * all calls: INVALID_ARGUMENT and TOO_LARGE for their arguments, CLOSED from the call of `close` on, USER_NOT_FOUND where only
 *   registered users exist, CORRUPT for what cannot be read, OVERLOADED where the process has no file or memory left for it;
 * * all that write: OVERLOADED also for a full queue, NO_SPACE, POISONED after a failed write, OUTCOME_UNKNOWN if it failed
 *   during the call;
 * * `getConversations` with a cursor, `getChanges` and `subscribe` with a token: RESYNC_REQUIRED for one of another store or of a
 *   lost time line.
 *
 * `Stats` are the numbers of the backend: where they do not matter, `MessageStore` is any store.
 */
export class MessageStore<Stats extends StoreStats = StoreStats> {
  readonly users: UserCalls
  readonly contacts: ContactCalls
  readonly groups: GroupCalls
  readonly admin: AdminCalls<Stats>
  readonly #context: DomainContext
  readonly #backend: Backend<Stats>
  readonly #calls: Calls
  readonly #sendLimits
  readonly #newMessageId
  readonly #append: Append
  readonly #list: ConversationList
  readonly #history: History
  readonly #marking: Marking
  readonly #receipts: Receipts
  readonly #changes: Changes

  /** Takes the backend over: closing the store closes it. */
  constructor(backend: Backend<Stats>, settings: DomainSettings) {
    const context = domainContext(backend, settings)
    const { limits } = context
    const calls = new Calls(context)
    this.#context = context
    this.#backend = backend
    this.#calls = calls
    this.#sendLimits = sendLimits(limits)
    this.#newMessageId = () => backend.newMessageId()
    this.#append = new Append(context)
    this.#list = new ConversationList(context)
    this.#history = new History(context)
    this.#marking = new Marking(context)
    this.#receipts = new Receipts(context)
    this.#changes = new Changes(context)
    this.users = new UserCalls(context, calls)
    this.contacts = new ContactCalls(context, calls)
    this.groups = new GroupCalls(context, calls)
    this.admin = new AdminCalls(backend, calls)
  }

  /**
   * Stores a message exactly once: a repeat with the same conversation, sender and id gives the first receipt again,
   * with `duplicate: true`. Resolves when the message is durable as `durability` says and every participant sees it. Sends
   * to one conversation are numbered in the order of the calls.
   *
   * Rejects with IDEMPOTENCY_CONFLICT for a repeat with other content, NOT_A_MEMBER, BLOCKED, USER_NOT_FOUND,
   * OVERLOADED, NO_SPACE, POISONED: nothing was stored. After OUTCOME_UNKNOWN, repeat the call with the same id.
   */
  sendMessage(request: SendRequest): Promise<SendReceipt> {
    // Not an async function, and the backend's own promise comes back: this is the path that everything waits for.
    try {
      this.#context.lifecycle.assertOpen()
      const checked = checkSend(request, this.#sendLimits, this.#newMessageId)
      const { receiver, conversationId, draft, excess } = checked
      let sent: Promise<SendReceipt>
      if (excess !== undefined) {
        const target = receiver === undefined ? { conversationId } : { peer: receiver }
        sent = this.#append.onlyRepeat(target, draft, excess)
      } else if (receiver === undefined) sent = this.#append.into(conversationId, draft)
      else sent = this.#append.direct(receiver, draft)
      const messageId = shownId(draft.id)
      return messageId === draft.id ? sent : sent.then((receipt) => ({ ...receipt, messageId }))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * A user's conversations, most recent first. Default: the first 20. RESYNC_REQUIRED for a cursor of another store or of a lost
   * time line.
   */
  getConversations(userId: string, options?: GetConversationsOptions): Promise<Page<Conversation>> {
    return this.#calls.run((limits) =>
      this.#list.page(checkUserId(userId, 'userId', limits), checkList(options, limits)),
    )
  }

  /**
   * One conversation as its row in the user's list; null for a direct one, named by its peer, that has not begun.
   * NOT_A_MEMBER for an id that the user has no part in.
   */
  getConversation(userId: string, conversation: ConversationRef): Promise<Conversation | null> {
    return this.#calls.run((limits) =>
      this.#list.one(checkUserId(userId, 'userId', limits), checkTarget(conversation, limits)),
    )
  }

  /**
   * Messages that the user may see. Default: the newest 50, descending. None of a direct conversation, named by its peer, that
   * has not begun. NOT_A_MEMBER for an id that the user has no part in.
   */
  getMessages(
    userId: string,
    conversation: ConversationRef,
    options?: GetMessagesOptions,
  ): Promise<Page<Message>> {
    return this.#calls.run((limits) => {
      const user = checkUserId(userId, 'userId', limits)
      const target = checkTarget(conversation, limits)
      const { place, limit } = checkHistory(options, limits)
      return this.#history.page(user, target, place, limit)
    })
  }

  /** One message. MESSAGE_NOT_FOUND if there is none with this seq that the user may see; NOT_A_MEMBER as `getMessages`. */
  getMessage(userId: string, conversation: ConversationRef, seq: number): Promise<Message> {
    return this.#calls.run((limits) => {
      const user = checkUserId(userId, 'userId', limits)
      return this.#history.message(user, checkTarget(conversation, limits), checkSeq(seq, 'seq', 1))
    })
  }

  /**
   * Says that the user's devices have everything up to `seq`. Never goes back; above the head it means the head. Changes
   * nothing where the user has left. NOT_A_MEMBER for an id that the user has no part in.
   */
  markDelivered(userId: string, conversation: ConversationRef, seq: number): Promise<void> {
    return this.#mark(userId, conversation, 'delivered', seq)
  }

  /**
   * Says that the user has read everything up to `seq`, by default up to the head as it is at the call: it is delivered as well.
   * Never goes back; above the head it means the head. Changes nothing where the user has left. NOT_A_MEMBER for an id that the
   * user has no part in.
   */
  markRead(userId: string, conversation: ConversationRef, seq?: number): Promise<void> {
    return this.#mark(userId, conversation, 'read', seq)
  }

  /** Like `sendMessage`, it gives the backend's own promise back where the mark is handed over at once. */
  #mark(
    userId: string,
    conversation: ConversationRef,
    by: 'read' | 'delivered',
    seq: number | undefined,
  ): Promise<void> {
    return this.#calls.handOver((limits) => {
      const user = checkUserId(userId, 'userId', limits)
      const target = checkTarget(conversation, limits)
      const upTo = by === 'read' && seq === undefined ? undefined : checkSeq(seq, 'seq', 0)
      return this.#marking.mark(user, target, by, upTo)
    })
  }

  /** Unread messages in all conversations of the user. */
  getUnread(userId: string): Promise<Unread> {
    return this.#calls.run((limits) => {
      const user = checkUserId(userId, 'userId', limits)
      return andThen(requireUser(this.#context, user, 'userId'), () =>
        andThen(this.#backend.unread(user), ({ total, conversations }) => ({ total, conversations })),
      )
    })
  }

  /**
   * How far each present member has come, the user included, in the order of joining; of a direct conversation the user first.
   * Empty if it has not begun or the user has left. Default and maximum: 1,000 members, or `limits.pageItems` if that is less.
   * NOT_A_MEMBER for an id that the user has no part in.
   */
  getReceipts(
    userId: string,
    conversation: ConversationRef,
    options?: { readonly limit?: number | undefined },
  ): Promise<Receipt[]> {
    return this.#calls.run((limits) => {
      const user = checkUserId(userId, 'userId', limits)
      const target = checkTarget(conversation, limits)
      const { limit } = checkFields(options, 'options', ['limit'])
      const most = Math.min(mostReceipts, limits.pageItems)
      const asked = limit === undefined ? most : checkInteger(limit, 'limit', 1, most)
      return this.#receipts.list(user, target, asked)
    })
  }

  /**
   * Changes after the token `since`, oldest first; a thing that changed several times may come once, at its newest place.
   * Without `since`: no changes and the token of now. INVALID_ARGUMENT for what is no token, RESYNC_REQUIRED for one of another
   * store or of a lost time line.
   */
  getChanges(userId: string, options?: GetChangesOptions): Promise<ChangesPage> {
    return this.#calls.run((limits) => {
      const user = checkUserId(userId, 'userId', limits)
      const { since, limit } = checkFields(options, 'options', ['since', 'limit'])
      return this.#changes.getChanges(user, {
        since: since === undefined ? undefined : checkOpaque(since, 'since'),
        limit: checkLimit(limit, defaultChanges, limits),
      })
    })
  }

  /**
   * The user's changes as they become durable, from `since` or from the call on. Ends when it is left, when `signal`
   * aborts and when the store closes. Throws at once for wrong arguments and after `close`. An unusable token rejects the first
   * `next()`, with INVALID_ARGUMENT or RESYNC_REQUIRED.
   */
  subscribe(userId: string, options?: SubscribeOptions): AsyncIterableIterator<Change, undefined> {
    this.#context.lifecycle.assertOpen()
    const user = checkUserId(userId, 'userId', this.#context.limits)
    const { since, signal } = checkFields(options, 'options', ['since', 'signal'])
    return this.#changes.subscribe(user, {
      since: since === undefined ? undefined : checkOpaque(since, 'since'),
      signal: signal === undefined ? undefined : checkSignal(signal),
    })
  }

  /** Stops accepting calls, finishes those that were accepted, and releases everything. Idempotent. */
  close(): Promise<void> {
    return this.#context.lifecycle.close(() => this.#backend.close())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function checkSignal(value: unknown): AbortSignal {
  const signal = value as Partial<AbortSignal> | null
  try {
    const isSignal =
      typeof signal?.aborted === 'boolean' &&
      typeof signal.addEventListener === 'function' &&
      typeof signal.removeEventListener === 'function'
    if (!isSignal) throw invalid('signal', 'must be an AbortSignal')
  } catch (error) {
    throw unreadable('signal', error)
  }
  return signal as AbortSignal
}
