import { andThen, endWith } from '../async/maybe-promise.js'
import type { Backend, ChangePage, ChangeRef, MaybePromise } from '../backend/port.js'
import type { Change } from '../model/change.js'
import type { UserId } from '../model/ids.js'
import { jsonCost, messageCost } from '../model/message-cost.js'
import { pairKey } from '../model/pair-key.js'
import { ChangeResolver } from './change-resolution.js'
import type { DomainContext } from './context.js'
import { FeedConversations } from './feed-conversations.js'
import { FeedMessages } from './feed-messages.js'
import { entriesBehind, formatFeedPlace } from './feed-place.js'
import type { FeedEntry, FeedPlace } from './feed-place.js'
import { PlaceKeys } from './place-keys.js'

export interface FeedPage {
  readonly changes: readonly Change[]
  /** The place after the last pointer that was examined, whether it gave a change or not. */
  readonly place: FeedPlace
  readonly more: boolean
}

interface Reading {
  readonly user: UserId
  readonly page: ChangePage
  readonly entries: readonly FeedEntry[]
  readonly conversations: FeedConversations
  readonly messages: FeedMessages
  /** Where a conversation or a mark comes last in this page: it is given once, there. Made when the first one comes. */
  lastOf: ReadonlyMap<string, FeedEntry> | null
  readonly limit: number
  /** Bytes, as `contentCost` counts them, that there is still room for. */
  room: number
  readonly changes: Change[]
}

/** Reads the stored feed page by page. What the backend has in memory is answered in the same tick. */
export class FeedReader {
  readonly #backend: Backend
  readonly #resolver: ChangeResolver
  readonly #keys = new PlaceKeys()

  constructor(context: DomainContext) {
    this.#backend = context.backend
    this.#resolver = new ChangeResolver(context)
  }

  /**
   * At most `limit` changes after `place`; possibly none although there is more. With the one that takes `room` bytes together
   * with those before it the page ends.
   */
  read(user: UserId, place: FeedPlace, limit: number, room = Infinity): MaybePromise<FeedPage> {
    return andThen(this.#backend.changes(user, place.position, limit), (page) => {
      const entries = entriesBehind(page.refs, place, this.#keys)
      const messages = new FeedMessages(this.#backend, entries, () => reading.room)
      const conversations = new FeedConversations(this.#backend, entries.length)
      const reading: Reading = {
        user,
        page,
        entries,
        conversations,
        messages,
        lastOf: null,
        limit,
        room,
        changes: [],
      }
      return endWith(
        () => this.#examine(reading, 0),
        () => conversations.release(),
      )
    })
  }

  #examine(reading: Reading, from: number): MaybePromise<FeedPage> {
    const { user, entries, limit, changes } = reading
    let next = from
    while (next < entries.length && changes.length < limit && reading.room > 0) {
      const entry = entries[next] as FeedEntry
      const { ref } = entry
      next += 1
      if (isOvertaken(reading, entry)) continue
      const found = this.#resolver.resolve(user, ref, formatFeedPlace(this.#backend, entry.behind), reading)
      if (found instanceof Promise) {
        const goOn = next
        return found.then((change) => {
          take(reading, change)
          return this.#examine(reading, goOn)
        })
      }
      take(reading, found)
    }
    return pageUpTo(reading, next)
  }
}

function take(reading: Reading, change: Change | null): void {
  if (change === null) return
  reading.changes.push(change)
  reading.room -= contentCost(change)
}

/** Bytes of what a user wrote: all else of a change is small, and changes are counted. */
function contentCost(change: Change): number {
  switch (change.kind) {
    case 'message':
      return messageCost(change.message)
    case 'conversation':
      return change.conversation.lastMessage === null ? 0 : messageCost(change.conversation.lastMessage)
    case 'profile':
      return change.user.profile === undefined ? 0 : jsonCost(change.user.profile)
    default:
      return 0
  }
}

function pageUpTo({ page, entries, changes }: Reading, examined: number): FeedPage {
  const last = entries[examined - 1]
  if (examined < entries.length && last !== undefined) return { changes, place: last.behind, more: true }
  return { changes, place: { position: page.through, within: undefined }, more: page.more }
}

/** The page has a later pointer to the same thing. */
function isOvertaken(reading: Reading, entry: FeedEntry): boolean {
  if (reading.entries.length === 1) return false
  const key = keyOfState(entry.ref)
  if (key === null) return false
  reading.lastOf ??= lastOfEach(reading.entries)
  return reading.lastOf.get(key) !== entry
}

function lastOfEach(entries: readonly FeedEntry[]): ReadonlyMap<string, FeedEntry> {
  const last = new Map<string, FeedEntry>()
  for (const entry of entries) {
    const key = keyOfState(entry.ref)
    if (key !== null) last.set(key, entry)
  }
  return last
}

/** Names what changes often and in bursts; null of all else. */
function keyOfState(ref: ChangeRef): string | null {
  switch (ref.kind) {
    case 'conversation':
      return `c${ref.conversationId}`
    case 'read':
    case 'delivered':
      return `${ref.kind.charAt(0)}${pairKey(ref.conversationId, ref.userId)}`
    default:
      return null
  }
}
