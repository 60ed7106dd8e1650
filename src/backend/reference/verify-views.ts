import { unreadOf } from '../../model/conversation.js'
import type { Participation } from '../../model/conversation.js'
import type { ConversationId, UserId } from '../../model/ids.js'
import type { VerifyFinding, VerifyReport } from '../port.js'
import type { ConversationState } from './conversation-state.js'
import type { UserView } from './user-view.js'

const advice = 'the backend has a defect: report it'

/** Recounts what every user sees from the messages themselves. */
export function verifyViews(
  states: ReadonlyMap<ConversationId, ConversationState>,
  views: Iterable<UserView>,
): VerifyReport {
  const findings: VerifyFinding[] = []
  let participations = 0
  for (const view of views) {
    for (const participation of view.participations.values()) {
      participations += 1
      const state = states.get(participation.conversationId)
      const what = state === undefined ? 'no conversation' : differenceOf(view.user, participation, state)
      if (what === null) continue
      findings.push({ what, where: `${view.user} in ${participation.conversationId}`, advice })
    }
  }
  for (const [id, { messages }] of states) {
    if (messages.some(({ seq }, index) => seq !== index + 1))
      findings.push({ what: 'seq', where: id, advice })
  }
  return { ok: findings.length === 0, checked: { conversations: states.size, participations }, findings }
}

function differenceOf(user: UserId, participation: Participation, state: ConversationState): string | null {
  const { intervals, marks } = participation
  const visible = state.messages.filter(({ seq }) =>
    intervals.some(({ from, to }) => from <= seq && seq <= (to ?? state.head)),
  )
  const head = visible.at(-1)?.seq ?? 0
  const last = intervals.at(-1)
  const unread =
    last === undefined || last.to !== null
      ? 0
      : visible.filter(({ seq, sender }) => seq >= last.from && seq > marks.read && sender !== user).length
  if (participation.head !== head) return 'head'
  if (participation.lastMessage !== (visible.at(-1) ?? null)) return 'last message'
  if (participation.ownAtHead !== state.ownCount(user, head)) return 'own messages'
  return unreadOf(participation) === unread ? null : 'unread'
}
