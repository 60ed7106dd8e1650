import type { ConversationId, Position, UserId } from './ids.js'
import type { Message } from './message.js'

export type ConversationKind = 'direct' | 'group'

/** A row of a user's list, as the API gives it: deeply frozen. */
export interface Conversation {
  readonly id: ConversationId
  readonly kind: ConversationKind
  /** Direct conversations only: the other participant; oneself in notes to self. */
  readonly peer?: UserId
  /** Groups only, if they have one; the one at leaving where the user has left. */
  readonly title?: string
  /** Present members; of a direct conversation 2, of notes to self 1. Where the user has left: those who stayed then. */
  readonly memberCount: number
  /** The user left or was removed: frozen, readable, silent. */
  readonly left: boolean
  /** The newest message that this user may see. */
  readonly lastMessage: Message | null
  /** Epoch milliseconds of the last message, or of one's own joining. */
  readonly activityAt: number
  /** Messages from others above `readSeq` that the user may see; 0 where the user has left. */
  readonly unread: number
  /** Seq of the newest message that the user may see; 0 if there is none. */
  readonly headSeq: number
  /** The user has read everything up to this seq; 0 for nothing. */
  readonly readSeq: number
  /** The user's devices have everything up to this seq, which is never below `readSeq`; 0 for nothing. */
  readonly deliveredSeq: number
}

/** A stretch of a conversation that a member may see: `from` ≤ seq ≤ `to`; `to` is null while the member is in. */
export interface Interval {
  readonly from: number
  readonly to: number | null
}

/** What a user has marked in a conversation. 0 ≤ read ≤ delivered. Absolute, never counted up or down. */
export interface Marks {
  readonly delivered: number
  readonly read: number
  /** The user's own messages with seq ≤ `read`. */
  readonly ownAtRead: number
  /** Where `read` was last raised by a call; 0 for never. */
  readonly readAt: Position
  /** Where `delivered` was last raised by a call of its own (not by reading); 0 for never. */
  readonly deliveredAt: Position
}

/** How far a user has come, without where that was said. */
export type Reached = Pick<Marks, 'read' | 'delivered' | 'ownAtRead'>

const never = 0 as Position

export const noMarks: Marks = Object.freeze({
  delivered: 0,
  read: 0,
  ownAtRead: 0,
  readAt: never,
  deliveredAt: never,
})

/** As much of a user's part in a conversation as setting marks needs. */
export interface Standing {
  readonly kind: ConversationKind
  /** In order, disjoint; one for a direct conversation (from 1, open). */
  readonly intervals: readonly Interval[]
  /** The newest seq that the user may see; 0 if there is none. */
  readonly head: number
  /** The user's own messages with seq ≤ `head`. */
  readonly ownAtHead: number
  readonly marks: Marks
}

/**
 * A user's part in a conversation: all that the list, the unread count and the right to read follow from. An object
 * of this kind never changes; a change makes a new one, so that whatever is derived from it can be kept beside it.
 */
export interface Participation extends Standing {
  readonly conversationId: ConversationId
  /** The other one of a direct conversation; oneself in notes to self. */
  readonly peer: UserId | undefined
  readonly title: string | undefined
  readonly memberCount: number
  /** The user's own messages before the last interval began. */
  readonly ownAtJoin: number
  readonly lastMessage: Message | null
  readonly activityAt: number
  /** Where the conversation stands in the user's list: last visible message, or own joining if that came later. */
  readonly position: Position
}

/** True if the last stretch has an end: the user left. */
export function hasEnded(intervals: readonly Interval[]): boolean {
  return intervals.at(-1)?.to !== null
}

/**
 * The number of messages from others above the read position that the user may see. Nothing is counted up or down:
 * it is a difference between absolute numbers. `head − floor` messages lie above the floor, and
 * `ownAtHead − own(floor)` of them are the user's own.
 */
export function unreadOf(
  participation: Pick<Participation, 'intervals' | 'head' | 'ownAtHead' | 'ownAtJoin' | 'marks'>,
): number {
  const last = participation.intervals.at(-1)
  if (last === undefined || last.to !== null) return 0
  const { head, ownAtHead, marks, ownAtJoin } = participation
  const joinedAt = last.from - 1
  if (marks.read >= joinedAt)
    return head <= marks.read ? 0 : head - marks.read - (ownAtHead - marks.ownAtRead)
  return head <= joinedAt ? 0 : head - joinedAt - (ownAtHead - ownAtJoin)
}

/** True if a message with this seq, which exists, lies in one of the stretches. */
export function isVisible(intervals: readonly Interval[], seq: number): boolean {
  return intervals.some(({ from, to }) => seq >= from && (to === null || seq <= to))
}

/** True if the user may see the message with this seq. */
export function mayRead(participation: Participation, seq: number): boolean {
  return participation.intervals.some(({ from, to }) => seq >= from && seq <= (to ?? participation.head))
}
