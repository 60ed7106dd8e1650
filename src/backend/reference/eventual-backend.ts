import { ColumbaError } from '../../errors.js'
import { noMarks } from '../../model/conversation.js'
import type { Interval, Marks, Participation, Reached, Standing } from '../../model/conversation.js'
import { directConversationId } from '../../model/direct-conversation-id.js'
import type { Membership } from '../../model/group.js'
import type { ConversationId, MessageId, Position, UserId } from '../../model/ids.js'
import type { Message, MessageDraft, SendReceipt } from '../../model/message.js'
import type { ContactEntry, User, UserEntry } from '../../model/user.js'
import { MOVED } from '../port.js'
import type {
  Backend,
  Capabilities,
  ChangePage,
  Committed,
  ConversationChange,
  ConversationHandle,
  Found,
  Moved,
  RecentOptions,
  RecentPage,
  UnreadTotal,
  VerifyReport,
} from '../port.js'
import type { ConversationState } from './conversation-state.js'
import { EventualCluster } from './eventual-cluster.js'
import type { EventualOptions } from './eventual-cluster.js'
import type { ConversationEvent, Pair } from './events.js'
import { newestOnly } from './newest-only.js'
import { rangeOf } from './range-of.js'
import { ReferenceHandle } from './reference-handle.js'
import type { ReferenceStats } from './reference-stats.js'
import type { UserView } from './user-view.js'
import { verifyViews } from './verify-views.js'

/**
 * The port as one of several servers before a shared database would keep it: it stands for Apache Cassandra. A write is
 * a compare-and-set on the conversation, which may be lost to another server, or to chance; who wrote sees it at once,
 * everybody else a little later; positions are each user's own. Several of these may work on one cluster. Everything
 * that reads answers by a promise.
 */
export class EventualBackend implements Backend {
  readonly capabilities: Capabilities = { moved: 'possible', visibility: 'repaired', positions: 'per user' }
  readonly cluster: EventualCluster
  readonly newMessageId: () => MessageId
  readonly #handles = new Map<ConversationId, ReferenceHandle>()
  /** The version of each conversation that this server has seen last: what its next write is decided on. */
  readonly #seen = new WeakMap<ConversationHandle, number>()
  readonly #underWay = new Set<Promise<unknown>>()
  #closed = false

  constructor(options: EventualOptions | EventualCluster = {}) {
    this.cluster = options instanceof EventualCluster ? options : new EventualCluster(options)
    this.newMessageId = this.cluster.newMessageId
  }

  /** Waits until every user sees everything that was written. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#underWay)
    this.cluster.projections.settle()
  }

  direct(a: UserId, b: UserId): ConversationHandle {
    const pair: Pair = a < b ? [a, b] : [b, a]
    const handle = this.#handle(directConversationId(a, b))
    this.cluster.direct(handle.id, pair)
    handle.kind = 'direct'
    handle.pair = pair
    return handle
  }

  conversation(id: ConversationId): ConversationHandle {
    return this.#handle(id)
  }

  /** No handle ever goes. */
  hold(): () => void {
    return () => undefined
  }

  async load(handle: ConversationHandle, viewer: UserId): Promise<void> {
    await nextTick()
    const state = this.cluster.state(handle.id)
    if (handle.pair === null && state.pair?.includes(viewer) === false) return
    this.#show(handle, state)
  }

  async find(handle: ConversationHandle, sender: UserId, id: MessageId): Promise<Found | null> {
    await nextTick()
    const state = this.cluster.state(handle.id)
    const seq = state.seqOf(sender, id)
    const message = seq === undefined ? undefined : state.messages[seq - 1]
    if (seq === undefined || message === undefined) return null
    const { timestamp, text } = message
    return { seq, timestamp, text, attributes: state.drafts[seq - 1]?.attributes, settled: null }
  }

  async member(handle: ConversationHandle, user: UserId): Promise<Membership | null> {
    return this.cluster.state(handle.id).memberships.get(user) ?? null
  }

  async members(handle: ConversationHandle, after: number, limit: number): Promise<readonly Membership[]> {
    const present = this.cluster.state(handle.id).members()
    return present.filter(({ ordinal }) => ordinal > after).slice(0, limit)
  }

  async append(
    handle: ConversationHandle,
    expectedHead: number,
    draft: MessageDraft,
  ): Promise<SendReceipt | Moved> {
    const known = this.#handle(handle.id)
    known.head = expectedHead + 1
    const event = await this.#write(handle, expectedHead, (state) =>
      state.append(draft, this.cluster.time.now()),
    )
    if (event === MOVED) return MOVED
    const seq = expectedHead + 1
    return {
      conversationId: handle.id,
      seq,
      messageId: draft.id,
      timestamp: event.timestamp,
      duplicate: false,
    }
  }

  async commit(
    handle: ConversationHandle,
    expectedHead: number,
    change: ConversationChange,
  ): Promise<Committed | Moved> {
    const event = await this.#write(handle, expectedHead, (state) =>
      state.change(change, this.cluster.time.now()),
    )
    if (event === MOVED) return MOVED
    return { position: this.#seen.get(handle) as Position, timestamp: event.timestamp }
  }

  refusal(): null {
    return null
  }

  async participation(user: UserId, handle: ConversationHandle): Promise<Participation | null> {
    const participation = this.#view(user).participations.get(handle.id) ?? null
    const known = this.#handle(handle.id)
    known.durableHead = Math.max(known.durableHead, participation?.head ?? 0)
    return participation
  }

  async intervals(user: UserId, handle: ConversationHandle): Promise<readonly Interval[] | null> {
    return (await this.participation(user, handle))?.intervals ?? null
  }

  membership(user: UserId, handle: ConversationHandle): Promise<Membership | null> {
    return this.member(handle, user)
  }

  async recent(user: UserId, options: RecentOptions): Promise<RecentPage> {
    return this.#view(user).recent(options)
  }

  async stoodAt(user: UserId, handle: ConversationHandle, asOf: Position): Promise<Position | null> {
    return this.#view(user).stoodAt(handle.id, asOf)
  }

  async unread(user: UserId): Promise<UnreadTotal> {
    return this.#view(user).unread()
  }

  async messages(
    handle: ConversationHandle,
    range: { readonly from: number; readonly to: number; readonly descending: boolean },
  ): Promise<readonly Message[]> {
    return rangeOf(this.cluster.state(handle.id).messages, range)
  }

  async ownCount(user: UserId, handle: ConversationHandle, seq: number): Promise<number> {
    return this.cluster.state(handle.id).ownCount(user, seq)
  }

  standing(user: UserId, handle: ConversationHandle): Promise<Standing | null> {
    return this.participation(user, handle)
  }

  async headAtCall(user: UserId, handle: ConversationHandle): Promise<number> {
    return this.#view(user).participations.get(handle.id)?.head ?? 0
  }

  async marks(user: UserId, handle: ConversationHandle): Promise<Marks> {
    return this.#view(user).participations.get(handle.id)?.marks ?? noMarks
  }

  mark(
    user: UserId,
    handle: ConversationHandle,
    { read, delivered, ownAtRead }: Reached,
    by: 'read' | 'delivered',
  ): Promise<void> {
    return this.#accept(() => {
      const conversationId = handle.id
      const event = { kind: 'mark', conversationId, user, marks: { read, delivered, ownAtRead }, by } as const
      const others = this.cluster
        .state(conversationId)
        .participants()
        .filter((other) => other !== user)
      this.cluster.projections.spread(event, [user, ...others], [user])
    })
  }

  async user(id: UserId): Promise<UserEntry | null> {
    return this.#view(id).profile
  }

  putUser(user: User): Promise<void> {
    return this.#accept(() => {
      this.cluster.projections.applyOwn(user.id, { kind: 'profile', user: Object.freeze({ ...user }) })
    })
  }

  async contact(user: UserId, other: UserId): Promise<ContactEntry | null> {
    return this.#view(user).contacts.get(other) ?? null
  }

  async contacts(user: UserId, after: UserId | undefined, limit: number): Promise<readonly ContactEntry[]> {
    return this.#view(user).contactsAfter(after, limit)
  }

  putContact(
    user: UserId,
    other: UserId,
    { listed, alias }: { readonly listed: boolean; readonly alias: string | undefined },
  ): Promise<void> {
    return this.#accept(() => {
      this.cluster.projections.applyOwn(user, { kind: 'contact', other, entry: { listed, alias } })
    })
  }

  async latest(user: UserId): Promise<Position> {
    return this.#view(user).newest
  }

  async changes(user: UserId, after: Position, limit: number): Promise<ChangePage> {
    const view = this.#view(user)
    if (after > view.newest) throw new ColumbaError('RESYNC_REQUIRED', 'the token is of a time that was lost')
    const page = view.changes(after, limit)
    return { ...page, refs: newestOnly(page.refs, view.feed) }
  }

  token(position: Position): string {
    return this.cluster.tokens.format(position)
  }

  positionOf(token: string, field = 'since'): Position {
    return this.cluster.tokens.parse(token, Number.MAX_SAFE_INTEGER, field)
  }

  watch(user: UserId, listener: () => void): () => void {
    return this.#view(user).watch(listener)
  }

  async stats(): Promise<ReferenceStats> {
    const { states, projections } = this.cluster
    const versions = [...states.values()].map(({ version }) => version)
    const messages = [...states.values()].reduce((sum, { head }) => sum + head, 0)
    return {
      backend: 'eventual',
      position: versions.reduce((sum, version) => sum + version, 0),
      writes: 'accepted',
      content: { users: projections.size, conversations: states.size, messages },
      projections: { pending: projections.pending },
    }
  }

  async checkpoint(): Promise<void> {
    this.#assertOpen()
    await this.settle()
  }

  async verify(): Promise<VerifyReport> {
    await this.settle()
    return verifyViews(this.cluster.states, this.cluster.projections.all())
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.settle()
  }

  #handle(id: ConversationId): ReferenceHandle {
    const known = this.#handles.get(id)
    if (known !== undefined) return known
    const made = new ReferenceHandle(id)
    this.#handles.set(id, made)
    return made
  }

  #view(user: UserId): UserView {
    return this.cluster.projections.view(user)
  }

  /** Compare and set: nothing is stored when the conversation is another one than the caller decided on. */
  #write<E extends ConversationEvent>(
    handle: ConversationHandle,
    expectedHead: number,
    make: (state: ConversationState) => E,
  ): Promise<E | Moved> {
    return this.#accept(() => {
      const state = this.cluster.state(handle.id)
      const seen = this.#seen.get(handle)
      if (seen !== state.version || expectedHead !== state.head || this.cluster.moves()) {
        // What the handle says was a guess; the next load makes it true again.
        this.#handle(handle.id).loaded = false
        return MOVED
      }
      const event = make(state)
      state.apply(event, (state.version + 1) as Position)
      this.#show(handle, state)
      const audience = state.audience(event)
      this.cluster.projections.spread(event, audience, writersOf(event, audience))
      return event
    })
  }

  #show(handle: ConversationHandle, state: ConversationState): void {
    const known = this.#handle(handle.id)
    known.show(state)
    known.durableHead = state.head
    known.loaded = true
    this.#seen.set(handle, state.version)
  }

  /** Takes a write in: it happens a little later, all at once, unless the backend is closed at the call. */
  async #accept<T>(write: () => T): Promise<T> {
    this.#assertOpen()
    const outcome = nextTick().then(write)
    this.#underWay.add(outcome)
    try {
      return await outcome
    } finally {
      this.#underWay.delete(outcome)
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new ColumbaError('CLOSED', 'the store is closed')
  }
}

/** Stands for the way to the database. */
function nextTick(): Promise<void> {
  return Promise.resolve()
}

/** Those who must see the event when the write resolves: who made it; everybody where that cannot be told. */
function writersOf(event: ConversationEvent, audience: readonly UserId[]): readonly UserId[] {
  switch (event.kind) {
    case 'message':
      return [event.message.sender]
    case 'create':
      return [event.creator]
    case 'block':
      return [event.blocker]
    case 'join':
    case 'leave':
    case 'rename':
      return audience
  }
}
