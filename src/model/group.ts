import { hasEnded, type Interval } from './conversation.js'
import type { ConversationId, Position, UserId } from './ids.js'

export interface Group {
  readonly id: ConversationId
  readonly title?: string
  /** Who made it, for good: that one may have left since, or come back as one of the others. */
  readonly creator: UserId
  /**
   * Who may remove others: the member who has been in longest, so the first of `groups.members`. That is the creator until that
   * one leaves. Null when nobody is in it any more.
   */
  readonly owner: UserId | null
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
  /** As in `Group`. */
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

/** True for a present member, false for one who left, and where there is no membership. */
export function isPresent(membership: { readonly intervals: readonly Interval[] } | null): boolean {
  return membership !== null && !hasEnded(membership.intervals)
}
