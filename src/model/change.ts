import type { Conversation } from './conversation.js'
import type { ConversationId, UserId } from './ids.js'
import type { Message } from './message.js'
import type { Contact, User } from './user.js'

/** One entry of a user's feed. `position` is the token behind this change. */
export type Change = { readonly position: string } & (
  | { readonly kind: 'message'; readonly message: Message }
  | {
      readonly kind: 'read'
      readonly conversationId: ConversationId
      readonly userId: UserId
      readonly seq: number
    }
  | {
      readonly kind: 'delivered'
      readonly conversationId: ConversationId
      readonly userId: UserId
      readonly seq: number
    }
  | { readonly kind: 'conversation'; readonly conversation: Conversation }
  | {
      readonly kind: 'member'
      readonly conversationId: ConversationId
      readonly userId: UserId
      readonly joined: boolean
    }
  /** `listed` is false for one that is no longer, or was never, in the list of contacts. */
  | { readonly kind: 'contact'; readonly contact: Contact; readonly listed: boolean }
  | { readonly kind: 'profile'; readonly user: User }
)
