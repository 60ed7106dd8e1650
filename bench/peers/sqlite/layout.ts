import type { ConversationRow } from '../contestant.js'
import type { ConversationState, Newest, Seat } from '../conversation-state.js'

/** The per-user conversation index, one row per member, keyed by (user, position of the newest message). */
export interface InboxLayout {
  load(user: number, position: number): Omit<Seat, 'user'>
  add(state: ConversationState, seat: Seat, newest: Newest | null): void
  move(state: ConversationState, seat: Seat, newest: Newest): void
  mark(state: ConversationState, seat: Seat): void
  list(user: number): ConversationRow[]
}

export type NameOf = (user: number) => string
