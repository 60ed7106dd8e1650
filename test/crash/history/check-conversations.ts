import { isDeepStrictEqual } from 'node:util'
import { directConversationId } from '../../../src/index.js'
import type { Conversation } from '../../../src/model/conversation.js'
import type { Message } from '../../../src/model/message.js'
import { crashUsers } from '../crash-world.js'
import type { StoreCheck } from './check-store.js'
import { checkMessages } from './check-messages.js'
import type { History } from './history.js'
import type { SentMessage } from './sent-message.js'
import type { UserView, Views } from './views.js'

/** Lists, unread counts and marks, held against the messages that the users themselves see. */
export function checkConversations(check: StoreCheck, views: Views): void {
  for (const [user, view] of views) {
    checkList(check, user, view)
    for (const row of view.list) checkRow(check, user, row, view.messages.get(row.id) ?? [])
    const total = view.list.reduce((sum, { unread }) => sum + unread, 0)
    const conversations = view.list.filter(({ unread }) => unread > 0).length
    if (!isDeepStrictEqual(view.unread, { total, conversations }))
      check.wrong(
        `unread of ${user}: ${JSON.stringify(view.unread)}, the rows sum to ${total} in ${conversations}`,
      )
  }
  checkDirect(check, views)
  for (const [id, { create, state }] of check.history.groups) {
    if (state === 'there') checkGroup(check, views, id, create.creator)
  }
  for (const { user, conversation, seq, id } of check.history.seen) {
    const all = views.get(user)?.messages.get(conversation) ?? []
    if (!all.some((message) => message.seq === seq && message.id === id))
      check.wrong(`${user} was shown message ${seq} of ${conversation} (${id}), and it is gone`)
  }
  check.history.seen.length = 0
}

/** Each conversation once, and no other, most recent first. */
function checkList({ history, wrong }: StoreCheck, user: string, { list, messages }: UserView): void {
  const listed: string[] = list.map(({ id }) => id)
  const expected = [...messages]
    .filter(([id, all]) => (history.groups.has(id) ? history.memberships.everIn(id, user) : all.length > 0))
    .map(([id]) => id)
  if (!isDeepStrictEqual([...listed].sort(), expected.sort())) {
    const missing = expected.filter((id) => !listed.includes(id))
    const odd = listed.filter((id, at) => !expected.includes(id) || listed.indexOf(id) !== at)
    wrong(`the list of ${user} lacks ${missing.join() || 'none'} and has ${odd.join() || 'none'} too many`)
  }
  for (const [at, { id, activityAt, lastMessage }] of list.entries()) {
    const before = list[at - 1]
    if (before === undefined) continue
    if (before.activityAt < activityAt) wrong(`the list of ${user} is out of order at ${id}`)
    const [upper, lower] = [sentOf(history, before.lastMessage), sentOf(history, lastMessage)]
    // A group may stand higher than its last message, for the sake of a joining.
    if (before.kind === 'direct' && upper !== undefined && lower !== undefined && upper.known < lower.called)
      wrong(`the list of ${user} turns the order of ${before.id} and ${id} around`)
  }
}

function sentOf(history: History, message: Message | null): SentMessage | undefined {
  if (message === null) return undefined
  const { conversationId, sender, id } = message
  return history.messages.get(JSON.stringify([conversationId, sender, id]))
}

function checkRow(
  { history, wrong }: StoreCheck,
  user: string,
  { id, kind, lastMessage, left, unread, headSeq, readSeq, deliveredSeq }: Conversation,
  messages: readonly Message[],
): void {
  const where = `${user} in ${id}`
  const head = messages.at(-1)
  if (!isDeepStrictEqual(lastMessage, head ?? null)) wrong(`${where}: the last message is another one`)
  if (!left && kind === 'direct' && headSeq !== (head?.seq ?? 0))
    wrong(`${where}: head ${headSeq} of ${head?.seq}`)
  if (!(readSeq <= deliveredSeq && deliveredSeq <= Math.max(headSeq, head?.seq ?? 0)))
    wrong(`${where}: read ${readSeq}, delivered ${deliveredSeq}, head ${headSeq}`)
  const marks = history.marksOf(user, id)
  const { read, delivered } = marks
  const most = { read: read.attempted, delivered: Math.max(read.attempted, delivered.attempted) }
  const least = { read: read.acknowledged, delivered: Math.max(read.acknowledged, delivered.acknowledged) }
  if (!left && (readSeq < least.read || deliveredSeq < least.delivered))
    wrong(`${where}: read ${readSeq}, delivered ${deliveredSeq}; acknowledged were ${JSON.stringify(least)}`)
  if (readSeq > most.read || deliveredSeq > most.delivered)
    wrong(
      `${where}: read ${readSeq}, delivered ${deliveredSeq}; nobody asked for more than ${JSON.stringify(most)}`,
    )
  // Found once, it stays.
  read.acknowledged = Math.max(read.acknowledged, readSeq)
  delivered.acknowledged = Math.max(delivered.acknowledged, deliveredSeq)
  if (kind === 'group' && !history.memberships.joinedOnce(id, user)) return
  const counted = left ? 0 : messages.filter(({ seq, sender }) => seq > readSeq && sender !== user).length
  if (unread !== counted) wrong(`${where}: ${unread} unread, ${counted} counted`)
}

function checkDirect(check: StoreCheck, views: Views): void {
  for (const [at, user] of crashUsers.entries()) {
    for (const other of crashUsers.slice(at)) {
      const id = directConversationId(user, other)
      const mine = views.get(user)?.messages.get(id) ?? []
      const theirs = views.get(other)?.messages.get(id) ?? []
      if (!isDeepStrictEqual(mine, theirs))
        check.wrong(`${user} and ${other} see ${mine.length} and ${theirs.length} messages, not the same`)
      checkMessages(check, id, mine)
    }
  }
}

/** The creator stays and sees all; the others see what was written while they were in. */
function checkGroup(check: StoreCheck, views: Views, id: string, creator: string): void {
  const { history, wrong } = check
  const all = views.get(creator)?.messages.get(id) ?? []
  checkMessages(check, id, all)
  for (const user of crashUsers) {
    const visible = views.get(user)?.messages.get(id) ?? []
    for (const message of visible) {
      if (!isDeepStrictEqual(message, all[message.seq - 1]))
        wrong(`${user} sees another message ${message.seq} in ${id}`)
    }
    const seqs = new Set(visible.map(({ seq }) => seq))
    for (const message of all) {
      const sent = history.messages.get(JSON.stringify([id, message.sender, message.id]))
      if (sent === undefined) continue
      const isIn = history.memberships.during(id, user, sent.called, sent.known)
      if (isIn !== null && isIn !== seqs.has(message.seq))
        wrong(
          `${user} ${isIn ? 'does not see' : 'sees'} message ${message.seq} of ${id}, written while ${isIn ? 'in' : 'out'}`,
        )
    }
  }
}
