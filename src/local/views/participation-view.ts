import type { MembershipRow } from '../../formats/record-parts.js'
import {
  isVisible,
  unreadOf,
  type Interval,
  type Marks,
  type Participation,
} from '../../model/conversation.js'
import { isPresent } from '../../model/group.js'
import type { ConversationId, Position, UserId } from '../../model/ids.js'
import type { Message } from '../../model/message.js'
import type { ConversationEntry, GroupPart, ListNode } from '../memory/entries.js'

/** All of a direct conversation. */
export const whole: readonly Interval[] = Object.freeze([Object.freeze({ from: 1, to: null })])

/** What a participation is made of, besides the conversation itself. */
interface Part {
  readonly marks: Marks
  readonly membership: MembershipRow | null
  /** Groups: own messages up to the visible head. */
  readonly own: number
}

/** The newest seq that the user may see; 0 if there is none. */
export function visibleHead(entry: ConversationEntry, membership: MembershipRow | null): number {
  if (membership === null) return entry.durableHead
  for (let i = membership.intervals.length - 1; i >= 0; i--) {
    const { from, to } = membership.intervals[i] as Interval
    const end = to ?? entry.durableHead
    if (end >= from) return end
  }
  return 0
}

export function sees(membership: MembershipRow, seq: number): boolean {
  return isVisible(membership.intervals, seq)
}

export function participation(
  user: UserId,
  entry: ConversationEntry,
  part: Part,
  head: number,
  lastMessage: Message | null,
): Participation {
  return entry.groupPart === null
    ? directParticipation(user, entry, part.marks, lastMessage)
    : groupParticipation(entry, entry.groupPart, part, head, lastMessage)
}

function directParticipation(
  user: UserId,
  entry: ConversationEntry,
  marks: Marks,
  lastMessage: Message | null,
): Participation {
  return directView({
    user,
    conversationId: entry.id,
    peer: entry.peerOf(user) as UserId,
    head: entry.durableHead,
    ownAtHead: ownOf(user, entry),
    marks,
    lastMessage,
    activityAt: entry.timestamp,
    position: entry.position,
  })
}

/** A participant's part in a direct conversation. */
export function directView(of: {
  readonly user: UserId
  readonly conversationId: ConversationId
  readonly peer: UserId
  readonly head: number
  readonly ownAtHead: number
  readonly marks: Marks
  readonly lastMessage: Message | null
  readonly activityAt: number
  readonly position: number
}): Participation {
  return {
    conversationId: of.conversationId,
    kind: 'direct',
    peer: of.peer,
    title: undefined,
    memberCount: of.user === of.peer ? 1 : 2,
    intervals: whole,
    ownAtJoin: 0,
    head: of.head,
    ownAtHead: of.ownAtHead,
    marks: of.marks,
    lastMessage: of.lastMessage,
    activityAt: of.activityAt,
    position: of.position as Position,
  }
}

/** How many messages of a direct conversation are a participant's own. */
export function ownOf(user: UserId, { pair, durableHead, durableN0 }: ConversationEntry): number {
  const { 0: first, 1: second } = pair as readonly [UserId, UserId]
  if (first === second) return durableHead
  return user === first ? durableN0 : durableHead - durableN0
}

/**
 * What a user has not read yet when these marks have just become visible; null if it has to be counted. `node`: the user's for
 * the conversation, if there is one.
 */
export function unreadBehind(
  marks: Marks,
  user: UserId,
  entry: ConversationEntry,
  node: ListNode | null,
): number | null {
  const { groupPart, durableHead: head } = entry
  if (marks.read >= head) return 0
  if (groupPart === null)
    return unreadOf({ intervals: whole, head, ownAtHead: ownOf(user, entry), ownAtJoin: 0, marks })
  const membership = node?.membership ?? null
  const own = node?.own ?? null
  if (membership === null || own === null) return null
  const { intervals, ownAtJoin } = membership
  return unreadOf({ intervals, head: visibleHead(entry, membership), ownAtHead: own, ownAtJoin, marks })
}

function groupParticipation(
  entry: ConversationEntry,
  group: GroupPart,
  part: Part,
  head: number,
  lastMessage: Message | null,
): Participation {
  const membership = part.membership as MembershipRow
  const { title, memberCount } = membership.left ?? group.durable ?? group.row
  const place = groupPlace(entry, membership, lastMessage)
  return {
    conversationId: entry.id,
    kind: 'group',
    peer: undefined,
    title,
    memberCount,
    intervals: membership.intervals,
    ownAtJoin: membership.ownAtJoin,
    head,
    ownAtHead: part.own,
    marks: part.marks,
    lastMessage,
    ...place,
  }
}

/** Where a group stands in a member's list. The last message counts only if it came after the last joining. */
function groupPlace(
  entry: ConversationEntry,
  membership: MembershipRow,
  lastMessage: Message | null,
): { activityAt: number; position: Position } {
  const { joined, joinedAt } = membership
  const from = (membership.intervals.at(-1) as Interval).from
  if (lastMessage === null || lastMessage.seq < from)
    return { activityAt: joinedAt, position: joined as Position }
  const position = isPresent(membership) ? entry.position : membership.place
  return { activityAt: lastMessage.timestamp, position: position as Position }
}
