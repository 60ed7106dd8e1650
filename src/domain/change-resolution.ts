import { andThen } from '../async/maybe-promise.js'
import type { Backend, ChangeRef, ConversationHandle, MaybePromise } from '../backend/port.js'
import type { Change } from '../model/change.js'
import { hasEnded, isVisible } from '../model/conversation.js'
import { isPresent } from '../model/group.js'
import type { UserId } from '../model/ids.js'
import { shownMessage } from '../model/message-ids.js'
import type { DomainContext } from './context.js'
import { toContact } from './contact-view.js'
import { conversationView } from './conversation-view.js'
import type { FeedConversations } from './feed-conversations.js'
import type { FeedMessages } from './feed-messages.js'

/** What the pointers of one page are resolved with. */
interface Sources {
  readonly conversations: FeedConversations
  readonly messages: FeedMessages
}

type RefOf<Kind extends ChangeRef['kind']> = ChangeRef & { readonly kind: Kind }

/**
 * Turns the pointers of a user's feed into changes: what the thing is now. A pointer that is not its thing's newest any
 * more gives null, since the thing comes again at its newest position; so does one to what the user may not see.
 */
export class ChangeResolver {
  readonly #backend: Backend
  /**
   * What others did can be compared with a pointer only where all users share their positions; other backends leave
   * overtaken pointers out themselves.
   */
  readonly #sharedPositions: boolean

  constructor(context: DomainContext) {
    this.#backend = context.backend
    this.#sharedPositions = context.backend.capabilities.positions === 'global'
  }

  /** The change that a pointer stands for. `position` is the token after the pointer, `sources` those of its page. */
  resolve(user: UserId, ref: ChangeRef, position: string, sources: Sources): MaybePromise<Change | null> {
    switch (ref.kind) {
      case 'message':
        return this.#message(user, ref, position, sources)
      case 'read':
      case 'delivered':
        return this.#receipt(user, ref, position, sources)
      case 'conversation':
        return this.#conversation(user, ref, position, sources)
      case 'member':
        return this.#member(user, ref, position, sources)
      case 'contact':
        return this.#contact(user, ref, position)
      case 'profile':
        return this.#profile(user, ref, position)
    }
  }

  #message(
    user: UserId,
    ref: RefOf<'message'>,
    position: string,
    sources: Sources,
  ): MaybePromise<Change | null> {
    const handle = sources.conversations.of(ref.conversationId)
    return andThen(this.#backend.intervals(user, handle), (intervals) => {
      if (intervals === null || !isVisible(intervals, ref.seq)) return null
      return andThen(sources.messages.get(handle, ref.seq), (message) =>
        message === null
          ? null
          : Object.freeze({ position, kind: 'message', message: shownMessage(message) }),
      )
    })
  }

  /** A user's own marks always concern the user's other devices; those of others concern present members only. */
  #receipt(
    user: UserId,
    ref: RefOf<'read' | 'delivered'>,
    position: string,
    sources: Sources,
  ): MaybePromise<Change | null> {
    const { conversationId, userId, kind } = ref
    const handle = sources.conversations.of(conversationId)
    return andThen(this.#backend.intervals(user, handle), (intervals) => {
      if (intervals === null || (userId !== user && hasEnded(intervals))) return null
      return andThen(this.#backend.marks(userId, handle), (marks) => {
        const [at, seq] = kind === 'read' ? [marks.readAt, marks.read] : [marks.deliveredAt, marks.delivered]
        if (this.#sharedPositions && at !== ref.position) return null
        return Object.freeze({ position, kind, conversationId, userId, seq })
      })
    })
  }

  #conversation(
    user: UserId,
    ref: RefOf<'conversation'>,
    position: string,
    sources: Sources,
  ): MaybePromise<Change | null> {
    const handle = sources.conversations.of(ref.conversationId)
    return andThen(this.#backend.participation(user, handle), (participation) =>
      participation === null
        ? null
        : Object.freeze({ position, kind: 'conversation', conversation: conversationView(participation) }),
    )
  }

  /**
   * Without shared positions it is not known whether a membership is what it is now since before the reader left: then those of
   * others are told to present members only.
   */
  #member(
    user: UserId,
    ref: RefOf<'member'>,
    position: string,
    sources: Sources,
  ): MaybePromise<Change | null> {
    const handle = sources.conversations.of(ref.conversationId)
    if (this.#sharedPositions || ref.userId === user) return this.#membership(handle, ref, position)
    return andThen(this.#backend.intervals(user, handle), (intervals) =>
      intervals === null || hasEnded(intervals) ? null : this.#membership(handle, ref, position),
    )
  }

  #membership(
    handle: ConversationHandle,
    ref: RefOf<'member'>,
    position: string,
  ): MaybePromise<Change | null> {
    const { conversationId, userId } = ref
    return andThen(this.#backend.membership(userId, handle), (membership) => {
      if (membership === null || (this.#sharedPositions && membership.position !== ref.position)) return null
      const joined = isPresent(membership)
      return Object.freeze({ position, kind: 'member', conversationId, userId, joined })
    })
  }

  #contact(user: UserId, ref: RefOf<'contact'>, position: string): MaybePromise<Change | null> {
    return andThen(this.#backend.contact(user, ref.userId), (entry) =>
      entry === null || entry.position !== ref.position
        ? null
        : Object.freeze({ position, kind: 'contact', contact: toContact(entry), listed: entry.listed }),
    )
  }

  #profile(user: UserId, ref: RefOf<'profile'>, position: string): MaybePromise<Change | null> {
    return andThen(this.#backend.user(user), (entry) =>
      entry === null || entry.position !== ref.position
        ? null
        : Object.freeze({ position, kind: 'profile', user: entry.user }),
    )
  }
}
