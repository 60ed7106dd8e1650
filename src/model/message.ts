import type { ConversationId, MessageId, UserId } from './ids.js'
import type { Json } from './json.js'

/**
 * A message as readers get it: deeply frozen, the same for every participant. One that a repair could not bring back is an empty
 * one in its place, with `attributes` `{ columba: { lost: true } }`, and counts as any other.
 */
export interface Message {
  readonly conversationId: ConversationId
  /** 1, 2, 3, … in the conversation, without gaps. */
  readonly seq: number
  readonly id: MessageId
  readonly sender: UserId
  /** As the sender gave it: all participants see it. */
  readonly deviceId?: string
  readonly text: string
  readonly attributes?: Json
  /** The client's epoch milliseconds, as given. */
  readonly sentAt?: number
  /** The store's epoch milliseconds; never decreases in the whole store. */
  readonly timestamp: number
  /** Never there yet: no call edits messages. It is for when there is one. */
  readonly editedAt?: number
  /** Always false yet, in the same way. */
  readonly deleted: boolean
}

/** What a sender gives, checked and with its id settled. `attributes` is canonical JSON: sorted keys, no white space. */
export interface MessageDraft {
  readonly sender: UserId
  readonly id: MessageId
  readonly deviceId: string | undefined
  readonly text: string
  readonly attributes: string | undefined
  readonly sentAt: number | undefined
}

export interface SendReceipt {
  readonly conversationId: ConversationId
  /** 1, 2, 3, … in the conversation, without gaps. */
  readonly seq: number
  /** The message's id, as given or as made by the store. */
  readonly messageId: MessageId
  /** The store's epoch milliseconds, not the client's `timestamp`, which is kept as `sentAt`. */
  readonly timestamp: number
  /** The message was stored by an earlier call; this is that call's receipt. */
  readonly duplicate: boolean
}
