import { noMarks, unreadOf } from '../../model/conversation.js'
import type { Participation } from '../../model/conversation.js'
import type { ConversationId, Position, UserId } from '../../model/ids.js'
import type { ContactEntry, UserEntry } from '../../model/user.js'
import { compareUtf8 } from '../../model/utf8-order.js'
import type { ChangePage, ChangeRef, RecentOptions, RecentPage, UnreadTotal } from '../port.js'
import { endedAt } from './conversation-state.js'
import { otherOf, refsOf } from './events.js'
import type { ContactEvent, ConversationEvent, MarkEvent, MessageEvent, StoreEvent } from './events.js'

/** All that one user sees: what the events that concern the user add up to, in the order in which they come here. */
export class UserView {
  readonly user: UserId
  readonly participations = new Map<ConversationId, Participation>()
  readonly contacts = new Map<UserId, ContactEntry>()
  readonly feed: ChangeRef[] = []
  profile: UserEntry | null = null
  /** The position of the newest event that came here. */
  newest = 0 as Position
  readonly #listeners = new Set<() => void>()
  /** Where each conversation stood in the list, ascending. */
  readonly #places = new Map<ConversationId, Position[]>()
  /** The answers to `recent` by limit, until something changes. */
  readonly #recent = new Map<number, RecentPage>()

  constructor(user: UserId) {
    this.user = user
  }

  /** Takes an event in; its pointers get the positions from `first` on, which is above all earlier ones. */
  apply(event: StoreEvent, first: Position): void {
    const refs = refsOf(event, first)
    this.newest = (first + refs.length - 1) as Position
    this.#change(event, first)
    for (const ref of refs) this.feed.push(ref)
    this.#recent.clear()
  }

  recent({ below, limit }: RecentOptions): RecentPage {
    const kept = below === undefined ? this.#recent.get(limit) : undefined
    if (kept !== undefined) return kept
    const all = [...this.participations.values()]
      .filter(({ position }) => below === undefined || position < below)
      .sort((a, b) => b.position - a.position)
    const page = { entries: all.slice(0, limit), more: all.length > limit }
    if (below === undefined) this.#recent.set(limit, page)
    return page
  }

  stoodAt(id: ConversationId, asOf: Position): Position | null {
    return this.#places.get(id)?.findLast((position) => position <= asOf) ?? null
  }

  unread(): UnreadTotal {
    const counts = [...this.participations.values()].map(unreadOf).filter((count) => count > 0)
    return { total: counts.reduce((sum, count) => sum + count, 0), conversations: counts.length }
  }

  contactsAfter(after: UserId | undefined, limit: number): readonly ContactEntry[] {
    return [...this.contacts.values()]
      .filter(({ contactId }) => after === undefined || compareUtf8(contactId, after) > 0)
      .sort((a, b) => compareUtf8(a.contactId, b.contactId))
      .slice(0, limit)
  }

  changes(after: Position, limit: number): ChangePage {
    const all = this.feed.filter(({ position }) => position > after)
    const refs = all.slice(0, limit)
    const more = all.length > limit
    const last = refs.at(-1)
    const through = more && last !== undefined ? last.position : (Math.max(after, this.newest) as Position)
    return { refs, through, more }
  }

  watch(listener: () => void): () => void {
    // The same function may watch twice; each time ends on its own.
    const own = () => {
      listener()
    }
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
    }
  }

  notify(): void {
    for (const listener of this.#listeners) listener()
  }

  #change(event: StoreEvent, first: Position): void {
    switch (event.kind) {
      case 'message':
        return this.#message(event, first)
      case 'create':
        return this.#join(event, this.newest)
      case 'join':
        return event.users.includes(this.user) ? this.#join(event, this.newest) : this.#regroup(event)
      case 'leave':
        return event.user === this.user ? this.#leave(event) : this.#regroup(event)
      case 'rename':
        return this.#regroup(event)
      case 'block':
        if (event.pair === null) return
        return this.#contact(otherOf(event.pair, event.blocker), { blocked: event.blocked }, first)
      case 'mark':
        if (event.user === this.user) this.#mark(event, first)
        return
      case 'contact':
        return this.#contact(event.other, event.entry, first)
      case 'profile':
        this.profile = { user: event.user, position: first }
    }
  }

  #message(event: MessageEvent, position: Position): void {
    const { message, conversationId } = event
    const before = this.participations.get(conversationId) ?? this.#begun(event, position)
    this.#put({
      ...before,
      head: message.seq,
      ownAtHead: before.ownAtHead + (message.sender === this.user ? 1 : 0),
      lastMessage: message,
      activityAt: message.timestamp,
      position,
    })
  }

  #join(event: ConversationEvent, position: Position): void {
    const before = this.participations.get(event.conversationId) ?? this.#begun(event, position)
    this.#put({
      ...before,
      title: event.title,
      memberCount: event.memberCount,
      intervals: [...before.intervals, { from: event.head + 1, to: null }],
      ownAtJoin: before.ownAtHead,
      activityAt: event.timestamp,
      position,
    })
  }

  #leave(event: ConversationEvent): void {
    const before = this.#known(event.conversationId)
    this.#put({
      ...before,
      memberCount: event.memberCount,
      intervals: endedAt(before.intervals, event.head),
    })
  }

  #regroup(event: ConversationEvent): void {
    const { title, memberCount } = event
    this.#put({ ...this.#known(event.conversationId), title, memberCount })
  }

  #mark({ conversationId, marks, by }: MarkEvent, position: Position): void {
    const before = this.#known(conversationId)
    const raised = by === 'read' ? { readAt: position } : { deliveredAt: position }
    this.#put({ ...before, marks: Object.freeze({ ...before.marks, ...marks, ...raised }) })
  }

  #contact(
    contactId: UserId,
    changed: ContactEvent['entry'] | { readonly blocked: boolean },
    position: Position,
  ): void {
    const before = this.contacts.get(contactId)
    const unknown = { contactId, listed: false, alias: undefined, blocked: false }
    this.contacts.set(contactId, Object.freeze({ ...unknown, ...before, ...changed, position }))
  }

  #begun({ conversationId, pair, timestamp, memberCount, title }: ConversationEvent, position: Position) {
    const begun: Participation = {
      conversationId,
      kind: pair === null ? 'group' : 'direct',
      peer: pair === null ? undefined : otherOf(pair, this.user),
      title,
      memberCount,
      intervals: pair === null ? [] : [{ from: 1, to: null }],
      ownAtJoin: 0,
      head: 0,
      ownAtHead: 0,
      marks: noMarks,
      lastMessage: null,
      activityAt: timestamp,
      position,
    }
    return begun
  }

  #known(id: ConversationId): Participation {
    const known = this.participations.get(id)
    if (known === undefined) throw new Error('the user has no part in the conversation')
    return known
  }

  #put(participation: Participation): void {
    const { conversationId, position } = participation
    this.participations.set(conversationId, Object.freeze(participation))
    const places = this.#places.get(conversationId) ?? []
    if (places.at(-1) !== position) places.push(position)
    this.#places.set(conversationId, places)
  }
}
