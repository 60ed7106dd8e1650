import type { Send } from '../workload/send.js'
import type { Answer, ConversationRow, MessageView } from './contestant.js'
import type { ConversationState, Newest, Seat } from './conversation-state.js'

export interface StoredConversation {
  readonly users: readonly number[]
  readonly head: number
  readonly position: number
}

export interface Original {
  readonly seq: number
  readonly text: string
}

/**
 * What an embedded database does for `EmbeddedStore`. Writes come between `begin` and `commit`; the reads that a group
 * makes need not see its own writes, except `addMessage`, which must know the ids of its group.
 */
export interface Tables {
  findUser(name: string): number | undefined
  addUser(name: string): number
  nameOf(user: number): string

  findDirect(one: number, other: number): number | undefined
  addDirect(one: number, other: number): number
  addGroup(users: readonly number[], position: number): number
  loadConversation(key: number): StoredConversation
  loadSeat(user: number, position: number): Omit<Seat, 'user'>

  /** Stores the message, or answers the one that has the same conversation, sender and id. */
  addMessage(
    key: number,
    seq: number,
    position: number,
    sender: number,
    timestamp: number,
    send: Send,
  ): Original | undefined
  /** How many messages of the sender have a seq in (after, upTo]. */
  countOwn(key: number, sender: number, after: number, upTo: number): number

  /** Lists the conversation for one member for the first time, `newest` null if it has no message yet. */
  addSeat(state: ConversationState, seat: Seat, newest: Newest | null): void
  /** Moves the member's row from `state.listedAt` to `state.position`, with the counters as they are now. */
  moveSeat(state: ConversationState, seat: Seat, newest: Newest): void
  /** Writes the counters of a row that stays in its place. */
  markSeat(state: ConversationState, seat: Seat): void

  list(user: number): Answer<ConversationRow[]>
  page(key: number, before: number): Answer<MessageView[]>

  lastPosition(): number
  begin(): void
  commit(): Answer<void>
  rollback(): void
  settle(): Answer<void>
  checkpoint(): Answer<void>
  close(): Answer<void>
}
