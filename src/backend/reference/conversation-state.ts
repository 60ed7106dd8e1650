import type { Interval } from '../../model/conversation.js'
import { isPresent, type GroupState, type Membership } from '../../model/group.js'
import type { ConversationId, MessageId, Position, UserId } from '../../model/ids.js'
import type { Message, MessageDraft } from '../../model/message.js'
import type { ConversationChange } from '../port.js'
import { otherOf, pointersOf } from './events.js'
import type { ConversationEvent, MessageEvent, Pair } from './events.js'
import { messageOf } from './message-of.js'

/** A conversation as its own events make it: messages, keys, blocks, members. */
export class ConversationState {
  readonly id: ConversationId
  readonly pair: Pair | null
  readonly messages: Message[] = []
  readonly drafts: MessageDraft[] = []
  readonly blockers = new Set<UserId>()
  readonly memberships = new Map<UserId, Membership>()
  group: GroupState | null = null
  /** How many events made it what it is. */
  version = 0
  readonly #seqs = new Map<string, number>()
  #joined = 0

  constructor(id: ConversationId, pair: Pair | null) {
    this.id = id
    this.pair = pair
  }

  get head(): number {
    return this.messages.length
  }

  /** The event that appends the draft to the conversation as it is now. */
  append(draft: MessageDraft, timestamp: number): MessageEvent {
    const message = messageOf(draft, this.id, this.head + 1, timestamp)
    return { ...this.#facts(timestamp), kind: 'message', message, draft }
  }

  /** The event that makes the change in the conversation as it is now. */
  change(change: ConversationChange, timestamp: number): ConversationEvent {
    return { ...this.#facts(timestamp), ...change, memberCount: this.#memberCountAfter(change) }
  }

  /** Takes an event in; its pointers have the positions from `first` on. */
  apply(event: ConversationEvent, first: Position): void {
    this.version += 1
    switch (event.kind) {
      case 'message':
        this.messages.push(event.message)
        this.drafts.push(event.draft)
        this.#seqs.set(keyOf(event.draft.sender, event.draft.id), event.message.seq)
        return
      case 'block':
        if (event.blocked) this.blockers.add(event.blocker)
        else this.blockers.delete(event.blocker)
        return
      case 'create':
        this.group = {
          id: this.id,
          title: event.title,
          creator: event.creator,
          owner: event.creator,
          createdAt: event.timestamp,
          memberCount: event.memberCount,
          createdAs: event.createdAs,
          position: (first + event.members.length) as Position,
        }
        return this.#joinAll(event.members, first)
      case 'join':
        this.#joinAll(event.users, first)
        return this.#regroup(event, first, {})
      case 'leave':
        this.#leave(event.user, first)
        return this.#regroup(event, first, { owner: event.owner })
      case 'rename':
        return this.#regroup(event, first, { title: event.title })
    }
  }

  /** Who sees the event, asked after it was applied. */
  audience(event: ConversationEvent): readonly UserId[] {
    if (event.kind === 'block') return [event.blocker]
    const others = this.participants()
    return event.kind === 'leave' ? [event.user, ...others] : others
  }

  /** The two of a direct conversation, the present members of a group. */
  participants(): readonly UserId[] {
    return this.pair === null ? this.members().map(({ userId }) => userId) : [...new Set(this.pair)]
  }

  /** Present members in the order of joining. */
  members(): readonly Membership[] {
    const present = [...this.memberships.values()].filter(isPresent)
    return present.sort((a, b) => a.ordinal - b.ordinal)
  }

  seqOf(sender: UserId, id: MessageId): number | undefined {
    return this.#seqs.get(keyOf(sender, id))
  }

  isBlocked(sender: UserId): boolean {
    return this.pair !== null && this.blockers.has(otherOf(this.pair, sender))
  }

  ownCount(user: UserId, seq: number): number {
    return this.messages.filter((message) => message.seq <= seq && message.sender === user).length
  }

  #facts(timestamp: number) {
    const memberCount = this.group?.memberCount ?? this.participants().length
    const { id: conversationId, pair, head, group } = this
    return { conversationId, pair, head, timestamp, memberCount, title: group?.title }
  }

  #memberCountAfter(change: ConversationChange): number {
    const before = this.group?.memberCount ?? this.participants().length
    if (change.kind === 'create') return change.members.length
    if (change.kind === 'join') return before + change.users.length
    return change.kind === 'leave' ? before - 1 : before
  }

  /** Each has a pointer, and its position, of one's own. */
  #joinAll(users: readonly UserId[], first: Position): void {
    users.forEach((user, index) => {
      this.#join(user, (first + index) as Position)
    })
  }

  #join(userId: UserId, position: Position): void {
    this.#joined += 1
    const opened: Interval = { from: this.head + 1, to: null }
    this.memberships.set(userId, {
      userId,
      intervals: [...(this.memberships.get(userId)?.intervals ?? []), opened],
      ordinal: this.#joined,
      ownAtJoin: this.ownCount(userId, this.head),
      position,
    })
  }

  #leave(userId: UserId, position: Position): void {
    const membership = this.memberships.get(userId)
    if (membership === undefined) throw new Error('only a member can leave')
    this.memberships.set(userId, {
      ...membership,
      intervals: endedAt(membership.intervals, this.head),
      position,
    })
  }

  #regroup(event: ConversationEvent, first: Position, changed: Partial<GroupState>): void {
    if (this.group === null) throw new Error('only a group that exists can change')
    const position = (first + pointersOf(event).length - 1) as Position
    this.group = { ...this.group, memberCount: event.memberCount, ...changed, position }
  }
}

/** The intervals with the last, open one ended at `to`. */
export function endedAt(intervals: readonly Interval[], to: number): readonly Interval[] {
  return intervals.map((interval) => (interval.to === null ? { from: interval.from, to } : interval))
}

/** Ids may hold any character, so no separator can keep the two apart; JSON does. */
function keyOf(sender: UserId, id: MessageId): string {
  return JSON.stringify([sender, id])
}
