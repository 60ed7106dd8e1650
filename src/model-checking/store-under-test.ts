import type { Change } from '../model/change.js'
import type { Conversation } from '../model/conversation.js'
import type { Group } from '../model/group.js'
import type { Json } from '../model/json.js'
import type { Message, SendReceipt } from '../model/message.js'
import type { Page } from '../model/page.js'
import type { Contact, User } from '../model/user.js'
import type { ManualClock } from './manual-clock.js'

/** A conversation by its id, or the direct one with this user. */
export type ConversationRef = string | { readonly peer: string }

export type SendRequestShape = { readonly sender: string } & (
  { readonly receiver: string } | { readonly conversationId: string }
) & {
    readonly text: string
    readonly id?: string
    readonly deviceId?: string
    readonly timestamp?: number
    readonly attributes?: Json
  }

export interface ListOptions {
  readonly limit?: number
  readonly start?: number
  readonly cursor?: string
  readonly since?: number
  readonly unreadOnly?: boolean
}

export interface PageOptions {
  readonly limit?: number
  readonly cursor?: string
  readonly offset?: number
  readonly before?: number
  readonly after?: number
  readonly around?: number
}

export interface GroupRequestShape {
  readonly creator: string
  readonly title?: string
  readonly members: readonly string[]
  readonly id?: string
}

export interface Receipt {
  readonly userId: string
  readonly deliveredSeq: number
  readonly readSeq: number
}

export interface ChangeBatch {
  readonly changes: readonly Change[]
  readonly token: string
  readonly hasMore: boolean
}

/** The calls that the model checks: the public contract with plain strings for ids, so that any store of this shape fits. */
export interface CheckedStore {
  sendMessage(request: SendRequestShape): Promise<SendReceipt>
  getConversations(userId: string, options?: ListOptions): Promise<Page<Conversation>>
  getMessages(userId: string, conversation: ConversationRef, options?: PageOptions): Promise<Page<Message>>
  getConversation(userId: string, conversation: ConversationRef): Promise<Conversation | null>
  getMessage(userId: string, conversation: ConversationRef, seq: number): Promise<Message>
  markDelivered(userId: string, conversation: ConversationRef, seq: number): Promise<unknown>
  markRead(userId: string, conversation: ConversationRef, seq?: number): Promise<unknown>
  getUnread(userId: string): Promise<{ readonly total: number; readonly conversations: number }>
  getReceipts(
    userId: string,
    conversation: ConversationRef,
    options?: { readonly limit?: number },
  ): Promise<readonly Receipt[]>
  getChanges(
    userId: string,
    options?: { readonly since?: string; readonly limit?: number },
  ): Promise<ChangeBatch>
  subscribe(
    userId: string,
    options?: { readonly since?: string; readonly signal?: AbortSignal },
  ): AsyncIterable<Change>
  readonly users: {
    register(user: { readonly id: string; readonly name: string; readonly profile?: Json }): Promise<unknown>
    get(id: string): Promise<User>
    update(id: string, change: { readonly name?: string; readonly profile?: Json }): Promise<unknown>
  }
  readonly contacts: {
    add(userId: string, contactId: string, options?: { readonly alias?: string }): Promise<unknown>
    remove(userId: string, contactId: string): Promise<unknown>
    list(
      userId: string,
      options?: { readonly limit?: number; readonly cursor?: string; readonly blocked?: boolean },
    ): Promise<Page<Contact>>
    block(userId: string, otherId: string): Promise<unknown>
    unblock(userId: string, otherId: string): Promise<unknown>
  }
  readonly groups: {
    create(request: GroupRequestShape): Promise<Group>
    addMembers(actorId: string, conversationId: string, userIds: readonly string[]): Promise<Group>
    removeMember(actorId: string, conversationId: string, userId: string): Promise<Group>
    rename(actorId: string, conversationId: string, title: string): Promise<Group>
    members(
      userId: string,
      conversationId: string,
      options?: { readonly limit?: number; readonly cursor?: string },
    ): Promise<Page<{ readonly userId: string }>>
  }
  readonly admin: { checkpoint(): Promise<unknown> }
  close(): Promise<void>
}

/** What a property run needs of a store: any backend, any options, behind these few methods. */
export interface StoreUnderTest {
  /** The clock that the store was given; the commands make it jump. */
  readonly clock: ManualClock
  /** How long a subscription may take to tell what the stored feed has. Default 10,000. */
  readonly patienceMs?: number
  /**
   * `registered`: only registered users exist, so all that the commands know are registered before the first one. Default
   * `open`.
   */
  readonly usersMode?: 'open' | 'registered'
  /** Opens the store empty. */
  open(): Promise<CheckedStore>
  /** Closes the store and opens it again with the same data. Without it, no command reopens. */
  reopen?(store: CheckedStore): Promise<CheckedStore>
  /** Resolves when every view shows everything acknowledged; for backends whose projections come later. */
  settle?(store: CheckedStore): Promise<void>
  /** Drops whatever the store may drop from its caches. */
  evict?(store: CheckedStore): Promise<void> | void
}
