import { hasLeft, unreadOf } from '../model/conversation.js'
import type { Conversation, Participation } from '../model/conversation.js'
import { shownMessage } from '../model/message-ids.js'

/** A participation never changes, so neither does what is derived from it: the view lives as long as it does. */
const views = new WeakMap<Participation, Conversation>()

/** The row of a user's list, deeply frozen; the same object for the same participation. */
export function conversationView(participation: Participation): Conversation {
  let view = views.get(participation)
  if (view === undefined) {
    view = makeView(participation)
    views.set(participation, view)
  }
  return view
}

function makeView(participation: Participation): Conversation {
  const { peer, title, marks, lastMessage } = participation
  const view: Conversation = {
    id: participation.conversationId,
    kind: participation.kind,
    ...(peer === undefined ? undefined : { peer }),
    ...(title === undefined ? undefined : { title }),
    memberCount: participation.memberCount,
    left: hasLeft(participation),
    lastMessage: lastMessage === null ? null : shownMessage(lastMessage),
    activityAt: participation.activityAt,
    unread: unreadOf(participation),
    headSeq: participation.head,
    readSeq: marks.read,
    deliveredSeq: marks.delivered,
  }
  return Object.freeze(view)
}
