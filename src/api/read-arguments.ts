import type { ListQuery } from '../domain/conversation-list.js'
import type { HistoryPlace } from '../domain/history.js'
import type { Target } from '../domain/participants.js'
import type { Limits } from '../limits.js'
import {
  checkBoolean,
  checkCursor,
  checkFields,
  checkConversationId,
  checkInteger,
  checkLimit,
  checkTime,
  checkUserId,
  invalid,
} from './arguments.js'

/** A conversation by its id, or the direct one with another user. */
export type ConversationRef = string | { readonly peer: string }

export interface GetConversationsOptions {
  /** Default 20, at most `limits.pageItems`. */
  readonly limit?: number | undefined
  /** Conversations to skip from the top. Default 0, at most `limits.startItems`; not together with `cursor`. */
  readonly start?: number | undefined
  /**
   * The `next` of the page before, unless that is null: with the same `since` and `unreadOnly`, without `start`, and with any
   * `limit`.
   */
  readonly cursor?: string | undefined
  /**
   * Only conversations with activity at or after this time, in the store's epoch milliseconds: the newest `activityAt` that the
   * caller has seen. By a clock of the caller's own, what was on its way at that moment would be left out.
   */
  readonly since?: number | undefined
  /** Only conversations with unread messages. Default false. */
  readonly unreadOnly?: boolean | undefined
}

/** At most one of `cursor`, `offset`, `before`, `after` and `around`; without them the newest page. */
export interface GetMessagesOptions {
  /** Default 50, at most `limits.pageItems`. */
  readonly limit?: number | undefined
  /** The `next` of the page before, unless that is null: alone, or with any `limit`. */
  readonly cursor?: string | undefined
  /** Messages to skip from the newest; at most `limits.startItems`. */
  readonly offset?: number | undefined
  /** Messages below this seq, from 1 on, descending. */
  readonly before?: number | undefined
  /** Messages above this seq, ascending; 0 is the beginning. */
  readonly after?: number | undefined
  /** The page that has this seq, from 1 on, in its middle, descending. */
  readonly around?: number | undefined
}

const listFields = ['limit', 'start', 'cursor', 'since', 'unreadOnly'] as const
const historyFields = ['limit', 'cursor', 'offset', 'before', 'after', 'around'] as const
const defaultConversations = 20
const defaultMessages = 50
const noFilter = { start: 0, cursor: undefined, since: undefined, unreadOnly: false } as const
const newest: HistoryPlace = { form: 'newest' }

export interface HistoryQuery {
  readonly limit: number
  readonly place: HistoryPlace
}

export function checkTarget(value: unknown, limits: Limits): Target {
  if (typeof value === 'string') {
    return { conversationId: checkConversationId(value, 'conversationId', limits) }
  }
  if (typeof value !== 'object' || value === null) {
    throw invalid('conversationId', 'must be a string or an object with a peer')
  }
  return { peer: checkUserId(checkFields(value, 'conversationId', ['peer']).peer, 'peer', limits) }
}

export function checkList(options: GetConversationsOptions | undefined, limits: Limits): ListQuery {
  const given = checkFields(options, 'options', listFields)
  const limit = checkLimit(given.limit, defaultConversations, limits)
  const { start, cursor, since, unreadOnly } = given
  if (start === undefined && cursor === undefined && since === undefined && unreadOnly === undefined) {
    return { limit, ...noFilter }
  }
  if (start !== undefined && cursor !== undefined) throw invalid('start', 'and cursor exclude each other')
  return {
    limit,
    start: start === undefined ? 0 : checkInteger(start, 'start', 0, limits.startItems),
    cursor: cursor === undefined ? undefined : checkCursor(cursor),
    since: since === undefined ? undefined : checkTime(since, 'since'),
    unreadOnly: unreadOnly === undefined ? false : checkBoolean(unreadOnly, 'unreadOnly'),
  }
}

export function checkHistory(options: GetMessagesOptions | undefined, limits: Limits): HistoryQuery {
  const { limit, ...places } = checkFields(options, 'options', historyFields)
  return { limit: checkLimit(limit, defaultMessages, limits), place: checkPlace(places, limits) }
}

function checkPlace(
  given: { readonly [name in Exclude<(typeof historyFields)[number], 'limit'>]?: unknown },
  limits: Limits,
): HistoryPlace {
  const [name, other] = Object.keys(given) as (keyof typeof given)[]
  if (name === undefined) return newest
  if (other !== undefined) throw invalid(other, `and ${name} exclude each other`)
  const value = given[name]
  switch (name) {
    case 'cursor':
      return { form: name, value: checkCursor(value) }
    case 'offset':
      return { form: name, value: checkInteger(value, name, 0, limits.startItems) }
    case 'after':
      return { form: name, value: checkSeq(value, name, 0) }
    case 'before':
    case 'around':
      return { form: name, value: checkSeq(value, name, 1) }
  }
}

export function checkSeq(value: unknown, field: string, min: number): number {
  return checkInteger(value, field, min, Number.MAX_SAFE_INTEGER)
}
