import type { ColumbaError } from '../errors.js'
import type { Interval, Marks, Participation, Reached, Standing } from '../model/conversation.js'
import type { GroupState, Membership } from '../model/group.js'
import type { ConversationId, MessageId, Position, UserId } from '../model/ids.js'
import type { Message, MessageDraft, SendReceipt } from '../model/message.js'
import type { ContactEntry, User, UserEntry } from '../model/user.js'

/**
 * The port between the domain and whatever stores its data. It speaks the domain's nouns, and the domain trusts these
 * promises. The conformance suite in `columba/testing` checks them: what concerns other writers and crashes where it is given
 * a second backend on the same data, or a crash. Left to each backend's own tests is that a write rejects with
 * OUTCOME_UNKNOWN, and what `refusal()` says then.
 *
 *  - ATOMIC. A write is in all partitions that it concerns or in none, also after a crash. A backend whose
 *    capabilities say `repaired` may show it to one participant later than to another, never out of order.
 *  - DURABLE. A promise of a write resolves only when the write survives what the backend's durability setting says.
 *  - VISIBLE AFTER DURABLE. Reads show only what is durable. What is called *provisional* below is the exception, and
 *    only the owner of a conversation's lane looks at it.
 *  - ORDERED. Writes to one conversation become visible in the order in which they were handed over. Positions of one
 *    user become visible in ascending order: a reader who has seen position p will never see a new one below p.
 *  - IN TIME. The timestamp of a write is not below that of any write, to whatever conversation, that was acknowledged before
 *    this one was handed over.
 *  - CONDITIONAL. A write to a conversation states the head it was decided on. A backend that is not the only writer
 *    answers MOVED when the conversation is another one by then, by a message, a block or a change of members, of which the
 *    last two leave the head as it is; nothing is stored, and the caller loads and decides again.
 *  - All methods may be called concurrently, but of one conversation only the holder of its lane calls `load`, `find`,
 *    `append` and `commit`.
 *
 * A method that finds what it needs in memory answers at once, without a promise; callers handle both.
 * Errors are `ColumbaError`s. A write rejects with a definite code, or with OUTCOME_UNKNOWN.
 */
export interface Backend<Stats extends StoreStats = StoreStats> {
  readonly capabilities: Capabilities

  // ---- conversations

  /** The handle of the direct conversation of two users (in either order; the same twice for notes to self). */
  direct(a: UserId, b: UserId): ConversationHandle
  /**
   * The handle of a conversation by its id. For one id there is one handle as long as it has a lane. Without one it may be
   * another one in the next step: the former answers for what it knew, so a caller that waits for more, or enters the lane,
   * asks anew.
   */
  conversation(id: ConversationId): ConversationHandle
  /**
   * Keeps a handle the one of its id, with what was read of it, until the function is called that is returned: for a caller
   * that asks for much of one conversation. How often a conversation may be held at once has no limit.
   */
  hold(handle: ConversationHandle): () => void
  /**
   * Reads what writing to the conversation needs, if it is not there. `viewer` is on whose behalf: a direct
   * conversation that is known by its id alone is found only for one of its two participants.
   */
  load(handle: ConversationHandle, viewer: UserId): MaybePromise<void>
  /** The message with this idempotency key, durable or still under way; provisional. */
  find(handle: ConversationHandle, sender: UserId, id: MessageId): MaybePromise<Found | null>
  /** A member of a loaded group, present or former; provisional. Null for all others. */
  member(handle: ConversationHandle, user: UserId): MaybePromise<Membership | null>
  /** Up to `limit` present members in the order of joining, with an ordinal above `after`; provisional. */
  members(handle: ConversationHandle, after: number, limit: number): MaybePromise<readonly Membership[]>

  /**
   * Appends a message after `expectedHead` to a loaded conversation and makes it visible to all participants. The handle's
   * `head` counts it from the call on. The first message of a direct conversation makes the conversation. The sender of one to
   * a group has been asked for with `member` before, in the same turn of the lane.
   */
  append(handle: ConversationHandle, expectedHead: number, draft: MessageDraft): Promise<SendReceipt | Moved>
  /**
   * Any other change of a loaded conversation. What is refused for one of its users says so in the details by `index`, the
   * place in `members` or `users`, and never by id; without it for somebody who is a member already.
   */
  commit(
    handle: ConversationHandle,
    expectedHead: number,
    change: ConversationChange,
  ): Promise<Committed | Moved>
  /**
   * What every write is refused with from now on; null as long as they are taken. After a write of unknown outcome memory may
   * show what was never stored, so a caller that would answer a write without writing, because it is so already, asks this
   * first.
   */
  refusal(): ColumbaError | null

  // ---- what a user sees

  /** The user's part in a conversation; null for a user who never had any. The same object until something changes. */
  participation(user: UserId, handle: ConversationHandle): MaybePromise<Participation | null>
  /**
   * Only the `intervals` of the user's part; null for a user who never had any. It needs no marks and no messages, so that what
   * was written just now can be handed on without reading anything.
   */
  intervals(user: UserId, handle: ConversationHandle): MaybePromise<readonly Interval[] | null>
  /** Like `member`, of any group, as readers see it. */
  membership(user: UserId, handle: ConversationHandle): MaybePromise<Membership | null>
  /**
   * The user's conversations by descending position, those below `below` if it is given. Without `below` the answer is
   * the same object until something changes, and for a limit of up to 500 it shows one moment; otherwise what moves
   * while it is read may be left out.
   */
  recent(user: UserId, options: RecentOptions): MaybePromise<RecentPage>
  /**
   * Where the conversation stood in the user's list when the newest position was `asOf`: the position of the last
   * message at or before it that the user may see, or of the user's joining; null if it was not in the list yet.
   */
  stoodAt(user: UserId, handle: ConversationHandle, asOf: Position): MaybePromise<Position | null>
  /** The sum over all conversations of the user, from the same definition as `unreadOf`. */
  unread(user: UserId): MaybePromise<UnreadTotal>
  /**
   * Messages with `from` ≤ seq ≤ `to` (both within 1 … durable head; none if `from` is above `to`), ascending or descending,
   * deeply frozen. The same object for the same question until something changes, where the backend keeps it.
   */
  messages(
    handle: ConversationHandle,
    range: { readonly from: number; readonly to: number; readonly descending: boolean },
  ): MaybePromise<readonly Message[]>
  /** How many messages with seq ≤ `seq` are the user's own. */
  ownCount(user: UserId, handle: ConversationHandle, seq: number): MaybePromise<number>

  /** Only what marks go by of the user's part, so that marking needs no messages; null for a user who never had any. */
  standing(user: UserId, handle: ConversationHandle): MaybePromise<Standing | null>
  /**
   * The newest seq that readers saw at the call, though the answer may have to wait for something to be read; 0 if there was
   * none. Of a conversation that the user has no part in it says nothing, and of one that was left it may be more than the user
   * sees.
   */
  headAtCall(user: UserId, handle: ConversationHandle): MaybePromise<number>
  marks(user: UserId, handle: ConversationHandle): MaybePromise<Marks>
  /**
   * Sets marks, absolutely; the caller has made sure that they are not below the present ones, and calls for one user and
   * conversation one after the other: when those before have settled, or are visible. Of a loaded conversation whose `standing`
   * was answered at once it is handed over in this very step. `by` says which mark the call was about.
   */
  mark(user: UserId, handle: ConversationHandle, marks: Reached, by: 'read' | 'delivered'): Promise<void>

  // ---- users and contacts; calls that write for one user come one after the other

  user(id: UserId): MaybePromise<UserEntry | null>
  putUser(user: User): Promise<void>
  contact(user: UserId, other: UserId): MaybePromise<ContactEntry | null>
  /** Entries in ascending order of the contact's id (by UTF-8 bytes), those above `after` if it is given. */
  contacts(user: UserId, after: UserId | undefined, limit: number): MaybePromise<readonly ContactEntry[]>
  /** Writes alias and listing; `blocked` is changed by `commit` in the direct conversation's lane only. */
  putContact(
    user: UserId,
    other: UserId,
    entry: { readonly listed: boolean; readonly alias: string | undefined },
  ): Promise<void>

  // ---- feed

  /** The newest position visible to the user. */
  latest(user: UserId): MaybePromise<Position>
  /**
   * What changed for the user after `after`, ascending, about `limit` pointers: those of one position are never split,
   * so a page may be longer for their sake. `through` is the position up to which the feed was examined: the next call
   * goes on from there. `more` is true if there may be something after it.
   * Rejects with RESYNC_REQUIRED if the feed does not reach back that far.
   */
  changes(user: UserId, after: Position, limit: number): MaybePromise<ChangePage>
  /** The string form of a position, bound to this store. */
  token(position: Position): string
  /**
   * Reads a token: INVALID_ARGUMENT if it is none, RESYNC_REQUIRED if it is of another store or time line. `field` is the
   * argument in which it came, for the error; by default `since`.
   */
  positionOf(token: string, field?: string): Position
  /**
   * Calls `listener` soon after something became visible to the user: a hint to pull, which may come late, twice or for
   * nothing. Returns the function that ends it.
   */
  watch(user: UserId, listener: () => void): () => void

  // ---- the whole store

  /** An id for a message or group that was given none: unique, sorted by time. Throws OVERLOADED if there is none just now. */
  newMessageId(): MessageId
  stats(): Promise<Stats>
  /** Resolves when the next opening needs nothing but what a checkpoint keeps. Changes nothing that can be seen. */
  checkpoint(): Promise<void>
  /** Reads everything and checks it against itself; never changes anything. */
  verify(options?: VerifyOptions): Promise<VerifyReport>
  /** Finishes what was handed over, then releases everything. Later writes reject with CLOSED. Idempotent. */
  close(): Promise<void>
}

export type MaybePromise<T> = T | Promise<T>

export interface Capabilities {
  /** `never`: `append` and `commit` never answer MOVED, and may be called again before earlier ones have resolved. */
  readonly moved: 'never' | 'possible'
  /** `repaired`: one participant may see a write later than another. */
  readonly visibility: 'at once' | 'repaired'
  /**
   * `global`: activity times never decrease along positions, so a list by time can stop early; and one change has one
   * position for all whom it concerns, so a pointer is its thing's newest if the thing says the same position.
   * `per user`: positions of different users say nothing about each other; `changes` itself leaves out every pointer that
   * has a newer one of the same thing behind it.
   */
  readonly positions: 'global' | 'per user'
}

/** The head was another one; nothing was stored. */
export const MOVED = Symbol('moved')
export type Moved = typeof MOVED

/** A conversation as the holder of its lane sees it. Fields change as writes are handed over and become durable. */
export interface ConversationHandle {
  readonly id: ConversationId
  /** Null before it is loaded, and for one that does not exist. A direct one exists from its first handle by pair on. */
  readonly kind: 'direct' | 'group' | null
  readonly loaded: boolean
  /** The two participants of a direct conversation, sorted by UTF-16; null as long as they are not known. */
  readonly pair: readonly [UserId, UserId] | null
  /** Provisional: counts what has been handed over. 0 before the first message. */
  readonly head: number
  /** What readers see. */
  readonly durableHead: number
  /** The state of a group; provisional. */
  readonly group: GroupState | null
  /** True if the other participant of a direct conversation has blocked this one; provisional. */
  isBlocked(sender: UserId): boolean
  /** The domain's: what waits for this conversation. A backend does not let go of a handle that has a lane. */
  lane: object | null
  /** The domain's: marks that were handed over. A backend does not let go of a handle while marks of it are being written. */
  marking: object | null
}

/** A message that was found by its key. */
export interface Found {
  readonly seq: number
  readonly timestamp: number
  readonly text: string
  /** Canonical JSON. */
  readonly attributes: string | undefined
  /** Resolves when the message is durable; null if it is. */
  readonly settled: Promise<unknown> | null
}

/** A change of a conversation that is no message, as the holder of its lane has decided it. */
export type ConversationChange =
  | { readonly kind: 'block'; readonly blocker: UserId; readonly blocked: boolean }
  | {
      readonly kind: 'create'
      readonly creator: UserId
      readonly title: string | undefined
      /** Without duplicates, the creator first. */
      readonly members: readonly UserId[]
      readonly createdAs: string
    }
  | { readonly kind: 'join'; readonly users: readonly UserId[] }
  /** `owner` is the member who may remove others from now on. */
  | { readonly kind: 'leave'; readonly user: UserId; readonly owner: UserId | null }
  | { readonly kind: 'rename'; readonly title: string | undefined }

/** What a change has become. */
export interface Committed {
  readonly position: Position
  readonly timestamp: number
}

/** See `recent`. */
export interface RecentOptions {
  /** Exclusive. */
  readonly below?: Position | undefined
  readonly limit: number
}

export interface RecentPage {
  readonly entries: readonly Participation[]
  /** False if there is nothing below the last entry. */
  readonly more: boolean
}

export interface UnreadTotal {
  readonly total: number
  readonly conversations: number
}

/** A pointer to a thing that changed; what it is now is read from the thing itself. */
export type ChangeRef = { readonly position: Position } & (
  | { readonly kind: 'message'; readonly conversationId: ConversationId; readonly seq: number }
  | { readonly kind: 'read' | 'delivered'; readonly conversationId: ConversationId; readonly userId: UserId }
  | { readonly kind: 'conversation'; readonly conversationId: ConversationId }
  | { readonly kind: 'member'; readonly conversationId: ConversationId; readonly userId: UserId }
  | { readonly kind: 'contact'; readonly userId: UserId }
  | { readonly kind: 'profile' }
)

/** See `changes`. */
export interface ChangePage {
  readonly refs: readonly ChangeRef[]
  readonly through: Position
  readonly more: boolean
}

/** What every backend says of a store. Each has numbers about its own parts besides: those of the local one are `LocalStats`. */
export interface StoreStats {
  /** Which backend it is. */
  readonly backend: string
  /** Grows with every write that can be seen. */
  readonly position: number
  /**
   * What a write would meet at this moment: `accepted`, or the code with which it would be refused. OVERLOADED and NO_SPACE pass by
   * themselves; POISONED lasts until the store is opened again.
   */
  readonly writes: 'accepted' | 'OVERLOADED' | 'NO_SPACE' | 'POISONED'
}

export interface VerifyOptions {
  /** Called now and then with how much of a part has been read; `total` is null as long as it is not known. */
  readonly onProgress?: (done: {
    readonly part: string
    readonly items: number
    readonly total: number | null
  }) => void
}

/** Something that does not fit, in words for people. */
export interface VerifyFinding {
  /** The kind of finding. */
  readonly what: string
  /** The place, with the ids of users and conversations. */
  readonly where: string
  /** What to do about it. */
  readonly advice: string
}

export interface VerifyReport {
  /** True if there are no findings. */
  readonly ok: boolean
  /** How much of each kind of thing was looked at. */
  readonly checked: Readonly<Record<string, number>>
  /** In the order in which they were met; a backend may count the rest when there are very many. */
  readonly findings: readonly VerifyFinding[]
}
