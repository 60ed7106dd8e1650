import type { Reached } from '../../model/conversation.js'
import type { ConversationId, Position, UserId } from '../../model/ids.js'
import type { Message, MessageDraft } from '../../model/message.js'
import type { User } from '../../model/user.js'
import type { ChangeRef, ConversationChange } from '../port.js'

export type Pair = readonly [UserId, UserId]

/** What a change of a conversation says beside itself, so that a user's view can follow from the events alone. */
interface ConversationFacts {
  readonly conversationId: ConversationId
  /** Null for a group. */
  readonly pair: Pair | null
  /** The head before the event. */
  readonly head: number
  readonly timestamp: number
  /** After the event. */
  readonly memberCount: number
  /** After the event. */
  readonly title: string | undefined
}

export type MessageEvent = ConversationFacts & {
  readonly kind: 'message'
  readonly message: Message
  readonly draft: MessageDraft
}

export type ConversationEvent = MessageEvent | (ConversationFacts & ConversationChange)

export interface MarkEvent {
  readonly kind: 'mark'
  readonly conversationId: ConversationId
  readonly user: UserId
  readonly marks: Reached
  readonly by: 'read' | 'delivered'
}

export interface ContactEvent {
  readonly kind: 'contact'
  readonly other: UserId
  readonly entry: { readonly listed: boolean; readonly alias: string | undefined }
}

export interface ProfileEvent {
  readonly kind: 'profile'
  readonly user: User
}

/** Everything that happens is one of these; what a user sees is what the user's events add up to. */
export type StoreEvent = ConversationEvent | MarkEvent | ContactEvent | ProfileEvent

type WithoutPosition<Ref> = Ref extends ChangeRef ? Omit<Ref, 'position'> : never
/** A `ChangeRef` that has no place in a feed yet. */
export type Pointer = WithoutPosition<ChangeRef>

export function otherOf(pair: Pair, user: UserId): UserId {
  return pair[0] === user ? pair[1] : pair[0]
}

/** What an event puts into the feed of each user who sees it. Each pointer takes one position, in this order. */
export function pointersOf(event: StoreEvent): readonly Pointer[] {
  switch (event.kind) {
    case 'message':
      return [{ kind: 'message', conversationId: event.conversationId, seq: event.message.seq }]
    case 'rename':
      return [conversation(event)]
    case 'create':
      return [...event.members.map((user) => member(event, user)), conversation(event)]
    case 'join':
      return [...event.users.map((user) => member(event, user)), conversation(event)]
    case 'leave':
      return [member(event, event.user), conversation(event)]
    case 'block':
      return event.pair === null ? [] : [{ kind: 'contact', userId: otherOf(event.pair, event.blocker) }]
    case 'mark':
      return [{ kind: event.by, conversationId: event.conversationId, userId: event.user }]
    case 'contact':
      return [{ kind: 'contact', userId: event.other }]
    case 'profile':
      return [{ kind: 'profile' }]
  }
}

/** The pointers of an event as those see them who have the first of them at the same position: they share them. */
interface Placed {
  readonly first: Position
  readonly refs: readonly ChangeRef[]
}

const placed = new WeakMap<StoreEvent, Placed>()

/** The pointers of an event with the positions from `first` on. */
export function refsOf(event: StoreEvent, first: Position): readonly ChangeRef[] {
  const known = placed.get(event)
  if (known?.first === first) return known.refs
  const refs = pointersOf(event).map((pointer, index) =>
    Object.freeze({ ...pointer, position: (first + index) as Position }),
  )
  placed.set(event, { first, refs })
  return refs
}

function member({ conversationId }: ConversationFacts, userId: UserId): Pointer {
  return { kind: 'member', conversationId, userId }
}

function conversation({ conversationId }: ConversationFacts): Pointer {
  return { kind: 'conversation', conversationId }
}
