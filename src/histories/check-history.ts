import { checkSends } from './check-sends.js'
import { checkViews } from './check-views.js'
import type { History, Violation } from './history.js'
import { KnownMessages } from './known-messages.js'

/**
 * Holds what concurrent clients saw against the promises of the store; an empty answer means that all of them were kept:
 * each acknowledged send exactly once at its seq, unknown ones at most once, refused ones not at all; no gaps; the order of
 * real time, of the calls and of the store's own time; every reader sees a prefix of the same conversation, as much of it as
 * was asked for, and never less than before; lists, unread counts and feeds equal a recount; walks by cursor give everything
 * once.
 *
 * It looks at a conversation as an append-only list that everybody shares, so it takes time about linear in the history, not
 * a search over interleavings.
 */
export function checkHistory(history: History): readonly Violation[] {
  const known = new KnownMessages(history)
  return [...checkSends(history, known), ...checkViews(history, known)]
}
