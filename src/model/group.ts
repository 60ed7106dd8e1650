import type { Interval } from './conversation.js'
import type { ConversationId, Position, UserId } from './ids.js'

export interface Group {
  readonly id: ConversationId
  readonly title?: string
  readonly creator: UserId
  readonly memberCount: number
  /** The store's epoch milliseconds. */
  readonly createdAt: number
}

/** The group itself, as of its last change. */
export interface GroupState {
  readonly id: ConversationId
  readonly title: string | undefined
  /** Who made it; kept for the answer to a repeated `create`. */
  readonly creator: UserId
  /** Who may remove others: the creator, or the longest member after that one left; null in a group without members. */
  readonly owner: UserId | null
  readonly createdAt: number
  readonly memberCount: number
  /** A digest of what `create` was given, for the answer to a repeated call. */
  readonly createdAs: string
  /** Where title, owner or count last changed. */
  readonly position: Position
}

/** A user's membership of a group, present or former. */
export interface Membership {
  readonly userId: UserId
  readonly intervals: readonly Interval[]
  /** 1, 2, 3, … in the order of joining; a new one at each joining. */
  readonly ordinal: number
  readonly ownAtJoin: number
  /** Where the membership last changed. */
  readonly position: Position
}
