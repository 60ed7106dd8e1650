import { unreadOf } from '../model/conversation.js'
import { isPresent } from '../model/group.js'
import type { Conversation, Participation } from '../model/conversation.js'
import { shownMessage } from '../model/message-ids.js'

/**
 * The row of a user's list, deeply frozen. Made anew each time: what is shown again is kept as a page, and a table from
 * participation to row takes longer to be written, and to be collected, than the row to be made.
 */
export function conversationView(participation: Participation): Conversation {
  const { peer, title, marks, lastMessage } = participation
  const view: { -readonly [Field in keyof Conversation]: Conversation[Field] } = {
    id: participation.conversationId,
    kind: participation.kind,
    memberCount: participation.memberCount,
    left: !isPresent(participation),
    lastMessage: lastMessage === null ? null : shownMessage(lastMessage),
    activityAt: participation.activityAt,
    unread: unreadOf(participation),
    headSeq: participation.head,
    readSeq: marks.read,
    deliveredSeq: marks.delivered,
  }
  if (peer !== undefined) view.peer = peer
  if (title !== undefined) view.title = title
  return Object.freeze(view)
}
