import type { PageOptions, Receipt } from './store-under-test.js'
import { isPresent, present } from './model-state.js'
import type { Stay, Talk, ToldMessage } from './model-state.js'
import type { Moment } from './moment.js'

/** What one user sees of one conversation, recounted from its messages at every call. */

/** The messages that the user may see, oldest first. */
export function visible(talk: Talk, user: string): ToldMessage[] {
  const stays = talk.members.get(user)?.stays ?? []
  return talk.messages.filter(({ seq }) => stays.some((stay) => within(stay, seq)))
}

function within({ from, to }: Stay, seq: number): boolean {
  return seq >= from && (to === null || seq <= to)
}

export function unread(talk: Talk, user: string): number {
  const member = talk.members.get(user)
  const stay = member?.stays.at(-1)
  if (member === undefined || stay === undefined || stay.to !== null) return 0
  return talk.messages.filter(({ seq, sender }) => seq >= stay.from && seq > member.read && sender !== user)
    .length
}

/** True if the conversation is in the user's list: it was joined, or its first message was sent. */
export function listed(talk: Talk, user: string): boolean {
  return talk.members.has(user) && (talk.kind === 'group' || talk.messages.length > 0)
}

/** Where the conversation stands in the user's list; more is more recent. */
export function standing(talk: Talk, user: string): number {
  const joined = talk.members.get(user)?.stays.at(-1)?.order ?? 0
  return Math.max(joined, visible(talk, user).at(-1)?.order ?? 0)
}

function activityAt(talk: Talk, user: string): number | Moment {
  const stay = talk.members.get(user)?.stays.at(-1)
  const last = visible(talk, user).at(-1)
  if (last !== undefined && (stay === undefined || last.order > stay.order)) return last.timestamp
  return stay?.since ?? 0
}

export function messageView(talk: Talk, message: ToldMessage): object {
  const { seq, id, sender, deviceId, text, attributes, sentAt, timestamp } = message
  return {
    conversationId: talk.id,
    seq,
    id,
    sender,
    deviceId,
    text,
    attributes,
    sentAt,
    timestamp,
    deleted: false,
  }
}

export interface ModelConversation {
  readonly id: string
  readonly unread: number
  readonly activityAt: number | Moment
  readonly left: boolean
  readonly headSeq: number
  readonly readSeq: number
}

/** The row of the user's list. */
export function conversationView(talk: Talk, user: string): ModelConversation {
  const member = talk.members.get(user)
  const last = visible(talk, user).at(-1)
  const facts = member?.frozen ?? { title: talk.title, memberCount: present(talk).length }
  const row = {
    id: talk.id,
    kind: talk.kind,
    ...(talk.pair === null ? {} : { peer: talk.pair[0] === user ? talk.pair[1] : talk.pair[0] }),
    ...facts,
    left: !isPresent(talk, user),
    lastMessage: last === undefined ? null : messageView(talk, last),
    activityAt: activityAt(talk, user),
    unread: unread(talk, user),
    headSeq: last?.seq ?? 0,
    readSeq: member?.read ?? 0,
    deliveredSeq: member?.delivered ?? 0,
  }
  return row
}

export interface ExpectedPage {
  readonly items: readonly ToldMessage[]
  readonly more: boolean
}

/** A page of any form but `cursor` and `around`. */
export function pageView(talk: Talk, user: string, options: PageOptions): ExpectedPage {
  const { limit = 50, after, before = Infinity, offset = 0 } = options
  const seen = visible(talk, user)
  const rest =
    after === undefined
      ? seen
          .toReversed()
          .filter(({ seq }) => seq < before)
          .slice(offset)
      : seen.filter(({ seq }) => seq > after)
  return { items: rest.slice(0, limit), more: rest.length > limit }
}

export function receiptsView(talk: Talk): Receipt[] {
  return present(talk).map(([userId, { delivered, read }]) => ({
    userId,
    deliveredSeq: delivered,
    readSeq: read,
  }))
}
