import type { GroupPlan } from '../workload/groups.js'
import type { Send } from '../workload/send.js'

/** Some contestants answer reads at once; none of them is made to wait for a promise that it does not need. */
export type Answer<T> = T | Promise<T>

/** What a contestant calls a conversation. Opaque: it goes back in as it came out. */
export type ConversationReference = string

export interface Receipt {
  readonly seq: number
  readonly duplicate: boolean
}

export interface MessageView {
  readonly seq: number
  readonly id: string
  readonly sender: string
  readonly text: string
  readonly timestamp: number
  readonly sentAt?: number | undefined
}

export interface ConversationRow {
  readonly id: ConversationReference
  /** The other person of a direct conversation. */
  readonly peer?: string | undefined
  readonly headSeq: number
  readonly readSeq: number
  readonly unread: number
  readonly lastMessage: MessageView | null
}

export const LIST_LENGTH = 20
export const PAGE_LENGTH = 50

/**
 * What every contestant does, with the same promises:
 * - a send is answered when it would survive a power cut, and then both sides see it;
 * - (conversation, sender, id) is stored once, for ever: a repeat answers the original `seq`, other text is refused;
 * - `seq` is 1, 2, 3 … per conversation without gaps;
 * - the list is by the commit order of the newest message, unread counts are exact, read marks are durable;
 * - a page is given to members only.
 */
export interface Contestant {
  send(message: Send): Promise<Receipt>
  /** The newest 20 conversations of a user. */
  list(user: string): Answer<readonly ConversationRow[]>
  /** The newest 50 messages, or the 50 before a `seq`, newest first. */
  page(user: string, conversation: ConversationReference, before?: number): Answer<readonly MessageView[]>
  markRead(user: string, conversation: ConversationReference, seq: number): Promise<unknown>
  /** The direct conversation of two users who have exchanged a message. */
  conversationOf(one: string, other: string): Answer<ConversationReference>
  createGroup(group: GroupPlan): Promise<ConversationReference>
  /** Resolves when background work has caught up so far that later writes do not pay for earlier ones. */
  settle(): Promise<void>
  /** Brings everything to its final place: logs that can go are gone afterwards. */
  checkpoint(): Promise<void>
  close(): Promise<void>
}

/** Of a change only this is looked at. */
export interface LiveChange {
  readonly kind: string
  readonly message?: MessageView
}

/** What only some can do; a benchmark that needs it names the contestants that it asks. */
export interface LiveContestant extends Contestant {
  subscribe(user: string, signal: AbortSignal): AsyncIterable<LiveChange>
  /** The store's own numbers, kept beside a result to explain it. */
  statistics(): Promise<Readonly<Record<string, unknown>>>
  markDelivered(user: string, conversation: ConversationReference, seq: number): Promise<unknown>
}

export interface OpenOptions {
  readonly directory: string
}

/** What a contestant's module exports. */
export interface ContestantModule {
  open(options: OpenOptions): Promise<Contestant>
  /** Versions of what is measured, as the reports print them. */
  version(): Answer<string>
  /** Of servers: why it cannot be started here, if so. */
  unavailable?(): string | undefined
}
