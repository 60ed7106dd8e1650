import { ColumbaError } from '../../errors.js'
import { noMarks } from '../../model/conversation.js'
import type { Interval, Marks, Participation, Reached, Standing } from '../../model/conversation.js'
import { directConversationId } from '../../model/direct-conversation-id.js'
import type { Membership } from '../../model/group.js'
import type { ConversationId, MessageId, Position, UserId } from '../../model/ids.js'
import type { Message, MessageDraft, SendReceipt } from '../../model/message.js'
import type { ContactEntry, User, UserEntry } from '../../model/user.js'
import type {
  Backend,
  Capabilities,
  ChangePage,
  Committed,
  ConversationChange,
  ConversationHandle,
  Found,
  MaybePromise,
  RecentOptions,
  RecentPage,
  UnreadTotal,
  VerifyReport,
} from '../port.js'
import { ConversationState } from './conversation-state.js'
import { pointersOf } from './events.js'
import type { ConversationEvent, Pair, StoreEvent } from './events.js'
import { logicalClock } from './logical-clock.js'
import type { WallClock } from './logical-clock.js'
import { messageIds } from './message-ids.js'
import { PositionTokens } from './position-tokens.js'
import { rangeOf } from './range-of.js'
import { ReferenceHandle } from './reference-handle.js'
import type { ReferenceStats } from './reference-stats.js'
import { nextStoreId } from './store-ids.js'
import { StoreTime } from './store-time.js'
import { UserView } from './user-view.js'
import { verifyViews } from './verify-views.js'

export interface ReferenceOptions {
  /** Default: one that goes on by a millisecond at each look. */
  readonly clock?: WallClock
  /** Stands for making a group of writes durable; it must not reject. Default: resolved at once. */
  readonly persist?: () => Promise<void>
}

/** `ahead` counts what was handed over, `visible` only what is durable. */
interface Conversation {
  readonly handle: ReferenceHandle
  ahead: ConversationState
  visible: ConversationState
  readonly waiting: Map<number, Promise<unknown>>
}

interface Write {
  readonly event: StoreEvent
  readonly first: Position
  readonly audience: readonly UserId[]
  readonly done: () => void
}

/**
 * The port kept in memory in the most obvious way: one event per write, numbered by one counter, applied to a
 * conversation and to the views of its participants in one synchronous step. What other backends do is compared with
 * this one. Nothing survives `close`.
 */
export class ReferenceBackend implements Backend {
  readonly capabilities: Capabilities = { moved: 'never', visibility: 'at once', positions: 'global' }
  readonly newMessageId: () => MessageId
  readonly #time: StoreTime
  readonly #tokens = new PositionTokens(nextStoreId())
  readonly #persist: () => Promise<void>
  readonly #conversations = new Map<ConversationId, Conversation>()
  readonly #views = new Map<UserId, UserView>()
  #given = 0
  readonly #queue: Write[] = []
  #draining: Promise<void> | null = null
  #closed = false

  constructor(options: ReferenceOptions = {}) {
    const clock = options.clock ?? logicalClock()
    this.#time = new StoreTime(clock)
    this.#persist = options.persist ?? (() => Promise.resolve())
    this.newMessageId = messageIds(clock)
  }

  direct(a: UserId, b: UserId): ConversationHandle {
    const pair: Pair = a < b ? [a, b] : [b, a]
    const conversation = this.#conversation(directConversationId(a, b))
    if (conversation.ahead.pair === null) {
      conversation.ahead = new ConversationState(conversation.handle.id, pair)
      conversation.visible = new ConversationState(conversation.handle.id, pair)
      conversation.handle.show(conversation.ahead)
    }
    return conversation.handle
  }

  conversation(id: ConversationId): ConversationHandle {
    return this.#conversation(id).handle
  }

  /** No handle ever goes. */
  hold(): () => void {
    return () => undefined
  }

  load(handle: ConversationHandle): void {
    this.#conversation(handle.id).handle.loaded = true
  }

  find(handle: ConversationHandle, sender: UserId, id: MessageId): Found | null {
    const { ahead, waiting } = this.#loaded(handle)
    const seq = ahead.seqOf(sender, id)
    const message = seq === undefined ? undefined : ahead.messages[seq - 1]
    if (seq === undefined || message === undefined) return null
    const { timestamp, text } = message
    return {
      seq,
      timestamp,
      text,
      attributes: ahead.drafts[seq - 1]?.attributes,
      settled: waiting.get(seq) ?? null,
    }
  }

  member(handle: ConversationHandle, user: UserId): Membership | null {
    return this.#loaded(handle).ahead.memberships.get(user) ?? null
  }

  members(handle: ConversationHandle, after: number, limit: number): readonly Membership[] {
    const present = this.#loaded(handle).ahead.members()
    return present.filter(({ ordinal }) => ordinal > after).slice(0, limit)
  }

  async append(handle: ConversationHandle, expectedHead: number, draft: MessageDraft): Promise<SendReceipt> {
    this.#assertOpen()
    const conversation = this.#expect(handle, expectedHead)
    const event = conversation.ahead.append(draft, this.#time.now())
    const { seq, timestamp } = event.message
    const written = this.#writeTo(conversation, event)
    conversation.waiting.set(seq, written)
    await written
    conversation.waiting.delete(seq)
    return { conversationId: handle.id, seq, messageId: draft.id, timestamp, duplicate: false }
  }

  async commit(
    handle: ConversationHandle,
    expectedHead: number,
    change: ConversationChange,
  ): Promise<Committed> {
    this.#assertOpen()
    const conversation = this.#expect(handle, expectedHead)
    const event = conversation.ahead.change(change, this.#time.now())
    const position = await this.#writeTo(conversation, event)
    return { position, timestamp: event.timestamp }
  }

  refusal(): null {
    return null
  }

  participation(user: UserId, handle: ConversationHandle): Participation | null {
    return this.#view(user).participations.get(handle.id) ?? null
  }

  intervals(user: UserId, handle: ConversationHandle): readonly Interval[] | null {
    return this.participation(user, handle)?.intervals ?? null
  }

  membership(user: UserId, handle: ConversationHandle): Membership | null {
    return this.#conversation(handle.id).visible.memberships.get(user) ?? null
  }

  recent(user: UserId, options: RecentOptions): RecentPage {
    return this.#view(user).recent(options)
  }

  stoodAt(user: UserId, handle: ConversationHandle, asOf: Position): Position | null {
    return this.#view(user).stoodAt(handle.id, asOf)
  }

  unread(user: UserId): UnreadTotal {
    return this.#view(user).unread()
  }

  messages(
    handle: ConversationHandle,
    range: { readonly from: number; readonly to: number; readonly descending: boolean },
  ): readonly Message[] {
    return rangeOf(this.#conversation(handle.id).visible.messages, range)
  }

  ownCount(user: UserId, handle: ConversationHandle, seq: number): number {
    return this.#conversation(handle.id).visible.ownCount(user, seq)
  }

  standing(user: UserId, handle: ConversationHandle): Standing | null {
    return this.participation(user, handle)
  }

  headAtCall(user: UserId, handle: ConversationHandle): MaybePromise<number> {
    return this.participation(user, handle)?.head ?? 0
  }

  marks(user: UserId, handle: ConversationHandle): Marks {
    return this.participation(user, handle)?.marks ?? noMarks
  }

  async mark(
    user: UserId,
    handle: ConversationHandle,
    marks: Reached,
    by: 'read' | 'delivered',
  ): Promise<void> {
    this.#assertOpen()
    const { visible } = this.#conversation(handle.id)
    const { read, delivered, ownAtRead } = marks
    const event = {
      kind: 'mark',
      conversationId: handle.id,
      user,
      marks: { read, delivered, ownAtRead },
      by,
    } as const
    await this.#write(event, [user, ...visible.participants().filter((other) => other !== user)])
  }

  user(id: UserId): UserEntry | null {
    return this.#view(id).profile
  }

  async putUser(user: User): Promise<void> {
    this.#assertOpen()
    await this.#write({ kind: 'profile', user: Object.freeze({ ...user }) }, [user.id])
  }

  contact(user: UserId, other: UserId): ContactEntry | null {
    return this.#view(user).contacts.get(other) ?? null
  }

  contacts(user: UserId, after: UserId | undefined, limit: number): readonly ContactEntry[] {
    return this.#view(user).contactsAfter(after, limit)
  }

  async putContact(
    user: UserId,
    other: UserId,
    { listed, alias }: { readonly listed: boolean; readonly alias: string | undefined },
  ): Promise<void> {
    this.#assertOpen()
    await this.#write({ kind: 'contact', other, entry: { listed, alias } }, [user])
  }

  latest(user: UserId): Position {
    return this.#view(user).newest
  }

  changes(user: UserId, after: Position, limit: number): ChangePage {
    return this.#view(user).changes(after, limit)
  }

  token(position: Position): string {
    return this.#tokens.format(position)
  }

  positionOf(token: string, field = 'since'): Position {
    return this.#tokens.parse(token, this.#given, field)
  }

  watch(user: UserId, listener: () => void): () => void {
    return this.#view(user).watch(listener)
  }

  async stats(): Promise<ReferenceStats> {
    const conversations = [...this.#conversations.values()].map(({ visible }) => visible)
    const messages = conversations.reduce((sum, { head }) => sum + head, 0)
    return {
      backend: 'reference',
      position: this.#given,
      writes: 'accepted',
      content: { users: this.#views.size, conversations: conversations.length, messages },
    }
  }

  async checkpoint(): Promise<void> {
    this.#assertOpen()
    await this.#draining
  }

  async verify(): Promise<VerifyReport> {
    const states = new Map([...this.#conversations].map(([id, { visible }]) => [id, visible]))
    return verifyViews(states, this.#views.values())
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#draining
  }

  #conversation(id: ConversationId): Conversation {
    const known = this.#conversations.get(id)
    if (known !== undefined) return known
    const made: Conversation = {
      handle: new ReferenceHandle(id),
      ahead: new ConversationState(id, null),
      visible: new ConversationState(id, null),
      waiting: new Map(),
    }
    this.#conversations.set(id, made)
    return made
  }

  #view(user: UserId): UserView {
    const known = this.#views.get(user)
    if (known !== undefined) return known
    const made = new UserView(user)
    this.#views.set(user, made)
    return made
  }

  #loaded(handle: ConversationHandle): Conversation {
    if (!handle.loaded) throw new Error('the conversation must be loaded first')
    return this.#conversation(handle.id)
  }

  #expect(handle: ConversationHandle, expectedHead: number): Conversation {
    const conversation = this.#loaded(handle)
    if (conversation.ahead.head !== expectedHead) {
      throw new Error(
        `the head is ${conversation.ahead.head} and not ${expectedHead}: only the lane's holder may write`,
      )
    }
    return conversation
  }

  async #writeTo(conversation: Conversation, event: ConversationEvent): Promise<Position> {
    const { ahead, handle } = conversation
    ahead.apply(event, (this.#given + 1) as Position)
    handle.show(ahead)
    return this.#write(event, ahead.audience(event))
  }

  /** Numbers the event and hands it over; resolves with its last position once it is durable and visible. */
  async #write(event: StoreEvent, audience: readonly UserId[]): Promise<Position> {
    // Also of what carries no time itself: the store's time never goes back behind any change.
    this.#time.now()
    const first = (this.#given + 1) as Position
    this.#given += pointersOf(event).length
    const position = this.#given as Position
    await new Promise<void>((done) => {
      this.#queue.push({ event, first, audience, done })
      this.#draining ??= Promise.resolve().then(() => this.#drain())
    })
    return position
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const group = this.#queue.splice(0)
      await this.#persist()
      for (const write of group) this.#show(write)
      for (const user of new Set(group.flatMap(({ audience }) => audience))) this.#view(user).notify()
      for (const { done } of group) done()
    }
    this.#draining = null
  }

  #show({ event, first, audience }: Write): void {
    if (event.kind !== 'mark' && event.kind !== 'contact' && event.kind !== 'profile') {
      const { visible, handle } = this.#conversation(event.conversationId)
      visible.apply(event, first)
      handle.durableHead = visible.head
    }
    for (const user of audience) this.#view(user).apply(event, first)
  }

  #assertOpen(): void {
    if (this.#closed) throw new ColumbaError('CLOSED', 'the store is closed')
  }
}
