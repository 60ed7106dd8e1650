import type { ChangePage, ChangeRef, MaybePromise } from '../backend/port.js'
import type { MembershipRow } from '../formats/record-parts.js'
import type { ConversationId, Position, UserId } from '../model/ids.js'
import type { Loader } from './reads/loader.js'
import type { CachedUser, ConversationEntry, Touched } from './memory/entries.js'
import type { FeedAhead } from './memory/feed-ahead.js'
import type { Generation } from './memory/generation.js'
import type { Memory } from './memory/memory.js'
import { endOfPage, firstBehind } from './memory/oldest-refs.js'
import { sees } from './views/participation-view.js'
import type { RowReader } from './reads/row-reader.js'
import { concerns, StoredFeed } from './stored-feed.js'
import type { Watchers } from './writes/watchers.js'

export interface ChangeReaderParts {
  readonly memory: Memory
  readonly loader: Loader
  readonly rows: RowReader
  readonly watchers: Watchers
}

type Memberships = ReadonlyMap<ConversationId, MembershipRow>

/**
 * The feed of a user: what is listed in the user's own partition, merged with the lists of the user's groups. Live generations
 * are read from memory; what came before them is read from the shards, somewhat more of it than a page needs.
 */
export class ChangeReader {
  readonly #parts: ChangeReaderParts
  readonly #stored: StoredFeed

  constructor(parts: ChangeReaderParts) {
    this.#parts = parts
    this.#stored = new StoredFeed(parts.rows)
  }

  read(user: UserId, after: Position, limit: number): MaybePromise<ChangePage> {
    const { memory, watchers } = this.#parts
    const cached = memory.user(user)
    const { memberships, feedAhead } = cached
    const { live, shownThrough: through } = memory.generations
    const boundary = live[0]?.after ?? Infinity
    if (feedAhead?.isReadToEnd === true && after >= feedAhead.through) this.#keepAhead(cached, null)
    if (memberships === null) return this.#readStored(user, after, limit)
    watchers.learn(user, memberships.keys())
    if (this.#isFlushedKnown(user, after, boundary))
      return this.#page(user, { after, through, limit }, memberships, [], live)
    const first = feedAhead?.firstBehind(after) ?? null
    if (feedAhead !== null && first !== null) {
      if (feedAhead.refs.length - first > limit) return fullPage(feedAhead, first, limit, memberships)
      feedAhead.readTo = feedAhead.through
      if (feedAhead.through >= boundary) {
        const refs = feedAhead.refs.slice(first).filter((ref) => stillConcerns(ref, memberships))
        return this.#page(user, { after, through, limit }, memberships, refs, live)
      }
      this.#keepAhead(cached, null)
    }
    return this.#readStored(user, after, limit)
  }

  /** True if the shards have nothing to tell above `after`. */
  #isFlushedKnown(user: UserId, after: number, boundary: number): boolean {
    return after >= boundary || this.#parts.watchers.isQuiet(user, after, boundary)
  }

  async #readStored(user: UserId, after: Position, limit: number): Promise<ChangePage> {
    const { loader, memory, watchers } = this.#parts
    const held = memory.generations.beginRead()
    // A user who leaves memory hears of no joining any more, and watchers would learn of groups as they were.
    const cached = memory.user(user)
    cached.pins++
    // What comes while this reads is the next page's: it may lie in a generation that is not held here.
    const through = memory.generations.shownThrough
    try {
      const memberships = await loader.memberships(user)
      watchers.learn(user, memberships.keys())
      const boundary = (held[0] as Generation).after
      if (after >= boundary) return this.#page(user, { after, through, limit }, memberships, [], held)
      const found = await this.#stored.read(user, memberships, { after, through: boundary }, limit)
      const isMore = found.refs.length > limit
      if (isMore) {
        this.#keepAhead(cached, found)
        return fullPage(found, 0, limit, memberships)
      }
      return this.#page(user, { after, through, limit }, memberships, [...found.refs], held)
    } finally {
      cached.pins--
      memory.generations.endRead(held)
    }
  }

  #keepAhead(cached: CachedUser, ahead: FeedAhead | null): void {
    cached.feedAhead = ahead
    this.#parts.memory.lists.chargeBeside(cached)
  }

  #page(
    user: UserId,
    range: { readonly after: Position; readonly through: Position; readonly limit: number },
    memberships: Memberships,
    stored: ChangeRef[],
    live: readonly Generation[],
  ): ChangePage {
    const { after, through, limit } = range
    let refs = stored
    for (const generation of live) {
      if (generation.last <= after) continue
      const touched = generation.users.get(user)
      if (touched === undefined) continue
      for (const conversation of touched.conversations) {
        if (conversation.group !== null || conversation.changedAt <= after) continue
        messagesAfter(conversation, range, null, refs)
        marksAfter(conversation, after, refs)
      }
      refsAfter(touched.own?.refs ?? [], range, null, refs)
    }
    for (const [group, membership] of memberships) {
      const entry = this.#parts.memory.peekConversation(group)
      if (entry !== undefined) groupAfter(entry, range, membership, refs, live)
    }
    if (refs.some(({ position }) => position > through))
      refs = refs.filter(({ position }) => position <= through)
    if (refs.length > 1) refs.sort((a, b) => a.position - b.position)
    // After the last one may be more in the shards, of which only a page was read.
    return refs.length <= limit ? { refs, through, more: false } : pageUpTo(refs, 0, limit)
  }
}

function pageUpTo(refs: readonly ChangeRef[], first: number, limit: number): ChangePage {
  const end = endOfPage(refs, first, limit)
  return { refs: refs.slice(first, end), through: (refs[end - 1] as ChangeRef).position, more: true }
}

/** A page of what the shards have. The user may have left a group, or come back to it, since that was read. */
function fullPage(ahead: FeedAhead, first: number, limit: number, memberships: Memberships): ChangePage {
  const page = pageUpTo(ahead.refs, first, limit)
  ahead.readTo = page.through
  return { ...page, refs: page.refs.filter((ref) => stillConcerns(ref, memberships)) }
}

function stillConcerns(ref: ChangeRef, memberships: Memberships): boolean {
  const membership = 'conversationId' in ref ? memberships.get(ref.conversationId) : undefined
  return membership === undefined || concerns(ref, membership)
}

/**
 * What one page takes of one source: its oldest, one more than the page has places for. Those of one position stay together,
 * and of a group's only what its member may see.
 */
class Share {
  readonly #limit: number
  readonly #membership: MembershipRow | null
  readonly #refs: ChangeRef[]
  #taken = 0
  #last = 0

  constructor(limit: number, membership: MembershipRow | null, refs: ChangeRef[]) {
    this.#limit = limit
    this.#membership = membership
    this.#refs = refs
  }

  /** In the order of positions; false when the page can need no more. */
  take(ref: ChangeRef): boolean {
    if (this.#taken > this.#limit && ref.position > this.#last) return false
    if (this.#membership !== null && !concerns(ref, this.#membership)) return true
    this.#refs.push(ref)
    this.#taken++
    this.#last = ref.position
    return true
  }
}

/** What one page wants: changes after `after`, and one more than it has places for. */
interface Wanted {
  readonly after: number
  readonly limit: number
}

/** Adds pointers to messages: of a group those that the membership lets its member see, of a direct conversation (null) all. */
function messagesAfter(
  touched: Touched,
  { after, limit }: Wanted,
  membership: MembershipRow | null,
  refs: ChangeRef[],
): void {
  const lastSeq = Math.min(touched.lastSeq, membership?.intervals.at(-1)?.to ?? Infinity)
  const firstSeq = Math.max(touched.firstAfter(after), membership?.intervals[0]?.from ?? 0)
  let left = limit + 1
  for (let seq = firstSeq; seq <= lastSeq && left > 0; seq++) {
    if (membership !== null && !sees(membership, seq)) continue
    const position = touched.position(seq) as Position
    refs.push({ position, kind: 'message', conversationId: touched.entry.id, seq })
    left--
  }
}

/** Adds changes, in the order of their positions. */
function refsAfter(
  all: readonly ChangeRef[],
  { after, limit }: Wanted,
  membership: MembershipRow | null,
  refs: ChangeRef[],
): void {
  const share = new Share(limit, membership, refs)
  for (let next = firstBehind(all, after); next < all.length; next++)
    if (!share.take(all[next] as ChangeRef)) return
}

/**
 * Adds where marks of a direct conversation were moved last, and no more of it: a pointer that is overtaken tells a reader
 * nothing.
 */
function marksAfter(touched: Touched, after: number, refs: ChangeRef[]): void {
  const { pair } = touched.entry
  if (pair === null) return
  markAfter(touched, pair[0], after, refs)
  if (pair[1] !== pair[0]) markAfter(touched, pair[1], after, refs)
}

function markAfter(touched: Touched, userId: UserId, after: number, refs: ChangeRef[]): void {
  const marks = touched.marksOf(userId)
  if (marks === null) return
  const { readAt, deliveredAt } = marks
  const conversationId = touched.entry.id
  const from = Math.max(after, touched.generation.after)
  if (readAt > from) refs.push({ position: readAt, kind: 'read', conversationId, userId })
  if (deliveredAt > from) refs.push({ position: deliveredAt, kind: 'delivered', conversationId, userId })
}

function groupAfter(
  entry: ConversationEntry,
  wanted: Wanted,
  membership: MembershipRow,
  refs: ChangeRef[],
  live: readonly Generation[],
): void {
  for (let touched = entry.touched; touched !== null; touched = touched.older) {
    if (touched.group === null || !live.some((generation) => generation === touched.generation)) continue
    messagesAfter(touched, wanted, membership, refs)
    refsAfter(touched.group.refs, wanted, membership, refs)
  }
}
