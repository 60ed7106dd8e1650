/**
 * What clients of one store saw, in the order of one logical clock: every call and every answer has a number of its own.
 * `end` is Infinity for a call whose answer the client never saw.
 */
interface Operation {
  readonly client: string
  readonly call: number
  readonly end: number
}

/** A message as it is found somewhere. */
export interface SeenMessage {
  readonly seq: number
  readonly id: string
  readonly sender: string
  readonly text: string
  readonly timestamp: number
}

/** One attempt; attempts with the same conversation, sender and id are one message. */
export interface SendOperation extends Operation {
  readonly kind: 'send'
  readonly conversationId: string
  readonly sender: string
  readonly id: string
  readonly text: string
  /** `refused` is definite: this attempt stored nothing. */
  readonly outcome:
    | {
        readonly kind: 'acknowledged'
        readonly seq: number
        readonly timestamp: number
        readonly duplicate: boolean
      }
    | { readonly kind: 'refused'; readonly code: string }
    | { readonly kind: 'unknown' }
}

/** A newest page. */
export interface ReadOperation extends Operation {
  readonly kind: 'read'
  readonly user: string
  readonly conversationId: string
  /** How many messages were asked for; undefined if nobody noted it. */
  readonly limit?: number | undefined
  /** Descending, newest first. */
  readonly messages: readonly SeenMessage[]
}

export interface ListedConversation {
  readonly conversationId: string
  readonly headSeq: number
  readonly readSeq: number
  readonly unread: number
  /** The seq of the message that is shown; 0 for none. */
  readonly lastSeq: number
}

/** A list: one page, or a whole walk by cursor while the list may have moved. */
export interface ListOperation extends Operation {
  readonly kind: 'list' | 'walk'
  readonly user: string
  readonly conversations: readonly ListedConversation[]
}

/** A mark that was acknowledged: from then on the user has read up to `seq`. */
export interface MarkOperation extends Operation {
  readonly kind: 'mark'
  readonly user: string
  readonly conversationId: string
  readonly seq: number
}

/** All that one device of a user took from the feed, from its first token to after the end of all traffic. */
export interface FollowOperation extends Operation {
  readonly kind: 'follow'
  readonly user: string
  /** In the order in which they came. */
  readonly messages: readonly (SeenMessage & { readonly conversationId: string })[]
}

export type HistoryOperation = SendOperation | ReadOperation | ListOperation | MarkOperation | FollowOperation

/** A conversation after all traffic has ended, as one participant reads it. */
export interface FinalConversation {
  readonly conversationId: string
  readonly user: string
  /** Ascending; all that there is. */
  readonly messages: readonly SeenMessage[]
}

/** Everybody is in a conversation from its beginning to the end: histories have no joining and leaving. */
export interface History {
  readonly members: ReadonlyMap<string, readonly string[]>
  readonly operations: readonly HistoryOperation[]
  /** Once for each member of each conversation. */
  readonly finals: readonly FinalConversation[]
  /** And each user's list at the end. */
  readonly lists: readonly ListOperation[]
  /**
   * True if all sends went through one store: then those of one conversation are numbered in the order of the calls, not
   * only in the order of real time.
   */
  readonly oneStore: boolean
  /** True if everybody sees a message as soon as it is acknowledged; false where projections come later. */
  readonly atOnce: boolean
}

export interface Violation {
  readonly rule: string
  readonly what: string
}
