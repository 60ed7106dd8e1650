import { andThen } from '../async/maybe-promise.js'
import type { Backend, MaybePromise, RecentPage } from '../backend/port.js'
import { unreadOf } from '../model/conversation.js'
import type { Conversation, Participation } from '../model/conversation.js'
import type { ConversationId, Position, UserId } from '../model/ids.js'
import type { Page } from '../model/page.js'
import type { DomainContext } from './context.js'
import { conversationView } from './conversation-view.js'
import { readCursor, writeCursor } from './cursors.js'
import { requireUser, see } from './participants.js'
import type { Target } from './participants.js'

export interface ListQuery {
  readonly limit: number
  readonly start: number
  readonly cursor: string | undefined
  /** Epoch milliseconds, inclusive. */
  readonly since: number | undefined
  readonly unreadOnly: boolean
}

/** A conversation and where it stood in the list when the walk began. */
interface Placed {
  readonly participation: Participation
  readonly stood: Position
}

/**
 * Matching conversations that have not moved since the walk began, read down to `through` (`bottom`: to the end of the list).
 */
interface Stayed {
  readonly placed: readonly Placed[]
  readonly through: Position
}

/** How a walk by cursor goes on: in the order that the list had at `asOf`, with what stood below `below` then. */
interface Walk {
  readonly asOf: Position
  readonly below: Position
}

/** A first page, and the part of the list that it shows. */
interface MadePage {
  readonly start: number
  readonly limit: number
  readonly page: Page<Conversation>
}

/** Below every conversation. */
const bottom = 0 as Position

/** The port promises that up to so many from the top are of one moment; a longer answer may be newer in its later parts. */
const ofOneMoment = 500

/** Conversations that are read at a time while a filter or a walk looks for the next ones. */
const chunk = 100

/**
 * A user's conversations, most recent first. A walk by cursor keeps the order that the list had when its first page was
 * made, though conversations move up meanwhile: where one stood then follows from the positions of its messages. So
 * each conversation that was there appears exactly once; filters look at what a conversation is when it is read.
 */
export class ConversationList {
  readonly #context: DomainContext
  readonly #backend: Backend
  /** The page that was made last from the backend's answer; the answer is the same object until something changes. */
  readonly #made = new WeakMap<readonly Participation[], MadePage>()

  constructor(context: DomainContext) {
    this.#context = context
    this.#backend = context.backend
  }

  /** Null for a direct conversation, named by its peer, that has not begun. */
  one(user: UserId, target: Target): MaybePromise<Conversation | null> {
    return andThen(see(this.#context, user, target), ({ participation }) =>
      participation === null ? null : conversationView(participation),
    )
  }

  page(user: UserId, query: ListQuery): MaybePromise<Page<Conversation>> {
    return andThen(requireUser(this.#context, user, 'userId'), () => {
      if (query.cursor !== undefined) return this.#next(user, query, this.#walkOf(user, query, query.cursor))
      const { start, limit } = query
      if (query.since !== undefined || query.unreadOnly || start + limit > ofOneMoment)
        return this.#firstOfMany(user, query)
      return andThen(this.#backend.recent(user, { limit: start + limit }), (recent) => {
        const made = this.#made.get(recent.entries)
        if (made !== undefined && made.start === start && made.limit === limit) return made.page
        const page = this.#first(user, query, recent)
        this.#made.set(recent.entries, { start, limit, page })
        return page
      })
    })
  }

  #first(user: UserId, query: ListQuery, { entries, more }: RecentPage): Page<Conversation> {
    const shown = entries.slice(query.start, query.start + query.limit)
    const last = shown.at(-1)
    const walk =
      more && last !== undefined
        ? { asOf: (entries[0] as Participation).position, below: last.position }
        : null
    return this.#pageOf(user, query, shown, walk)
  }

  /**
   * A first page for which more is read than comes from one moment. It shows the list as it was when it was seen that nothing had
   * moved since the last look.
   */
  async #firstOfMany(user: UserId, query: ListQuery): Promise<Page<Conversation>> {
    const { start, limit } = query
    const top = await this.#backend.recent(user, { limit: chunk })
    let newest = top.entries[0]?.position
    if (newest === undefined) return this.#pageOf(user, query, [], null)
    // One more than is shown tells whether there is a next page.
    const stayed = await this.#stayed(user, query, undefined, start + limit + 1, top)
    // What moves while this goes down the list is at its top; when nothing newer is there, all else has stayed.
    const moved = new Map<ConversationId, Placed>()
    for (;;) {
      const newer: readonly Participation[] = await this.#above(user, newest)
      if (newer.length === 0) return this.#merge(user, query, newest, stayed, moved, start)
      newest = (newer[0] as Participation).position
      for (const participation of newer)
        moved.set(participation.conversationId, { participation, stood: participation.position })
    }
  }

  async #next(user: UserId, query: ListQuery, walk: Walk): Promise<Page<Conversation>> {
    // What stayed is read before what moved: a conversation that moves in between is found in both, never in none.
    const stayed = await this.#stayed(user, query, walk.below, query.limit + 1)
    const moved = await this.#moved(user, query, walk)
    return this.#merge(user, query, walk.asOf, stayed, moved, 0)
  }

  /** The page out of what stayed and what moved, by where each stood; without the first `start` of them. */
  #merge(
    user: UserId,
    query: ListQuery,
    asOf: Position,
    stayed: Stayed,
    moved: ReadonlyMap<ConversationId, Placed>,
    start: number,
  ): Page<Conversation> {
    const found = stayed.placed.filter(({ participation }) => !moved.has(participation.conversationId))
    const all = [...found, ...moved.values()]
      // What lies deeper than the search went belongs to the next page, between others.
      .filter(({ participation, stood }) => stood >= stayed.through && matches(participation, query))
      .sort((a, b) => b.stood - a.stood)
    const shown = all.slice(start, start + query.limit)
    const full = all.length > start + query.limit
    const below = full ? (shown.at(-1)?.stood ?? stayed.through) : stayed.through
    return this.#pageOf(
      user,
      query,
      shown.map(({ participation }) => participation),
      full || below > 0 ? { asOf, below } : null,
    )
  }

  /** The next `count` below `from` that match the filter, the first of them perhaps in `top`, which was read already. */
  async #stayed(
    user: UserId,
    query: ListQuery,
    from: Position | undefined,
    count: number,
    top?: RecentPage,
  ): Promise<Stayed> {
    // Not all of a large `start` in one step: others would have to wait for as long as that takes.
    const limit = Math.min(Math.max(chunk, count), ofOneMoment)
    const placed: Placed[] = []
    let below = from
    let page = top
    for (;;) {
      page ??= await this.#backend.recent(user, { below, limit })
      for (const participation of page.entries) {
        if (this.#isPast(participation, query)) return { placed, through: bottom }
        if (matches(participation, query)) placed.push({ participation, stood: participation.position })
        if (placed.length === count) return { placed, through: participation.position }
      }
      below = page.entries.at(-1)?.position
      if (!page.more || below === undefined) return { placed, through: bottom }
      page = undefined
    }
  }

  /** What has moved up since the walk began and would have come after its last page. */
  async #moved(user: UserId, query: ListQuery, walk: Walk): Promise<Map<ConversationId, Placed>> {
    const moved = new Map<ConversationId, Placed>()
    let floor = walk.asOf
    for (;;) {
      // What moves while this goes down the list is at its top when this has come to the end: look again.
      const newer = await this.#above(user, floor)
      if (newer.length === 0) return moved
      floor = (newer[0] as Participation).position
      for (const participation of newer) {
        const { conversationId } = participation
        const handle = this.#backend.conversation(conversationId)
        const known = moved.get(conversationId)?.stood
        const stood = known ?? (await this.#backend.stoodAt(user, handle, walk.asOf))
        if (stood !== null && stood < walk.below) moved.set(conversationId, { participation, stood })
      }
    }
  }

  /** The top of the list down to a position. */
  async #above(user: UserId, floor: Position): Promise<Participation[]> {
    const newer: Participation[] = []
    let below: Position | undefined
    for (;;) {
      const page = await this.#backend.recent(user, { below, limit: chunk })
      for (const participation of page.entries) {
        if (participation.position <= floor) return newer
        newer.push(participation)
      }
      below = page.entries.at(-1)?.position
      if (!page.more || below === undefined) return newer
    }
  }

  /** True if nothing from here on downwards can match, because times fall along the list. */
  #isPast(participation: Participation, { since }: ListQuery): boolean {
    if (since === undefined || this.#backend.capabilities.positions !== 'global') return false
    return participation.activityAt < since
  }

  #pageOf(
    user: UserId,
    query: ListQuery,
    shown: readonly Participation[],
    walk: Walk | null,
  ): Page<Conversation> {
    const next =
      walk === null
        ? null
        : writeCursor(scopeOf(user, query), [this.#backend.token(walk.asOf), this.#backend.token(walk.below)])
    return Object.freeze({ items: Object.freeze(shown.map(conversationView)), next })
  }

  #walkOf(user: UserId, query: ListQuery, cursor: string): Walk {
    const [asOf, below] = readCursor(scopeOf(user, query), cursor, ['name', 'name'])
    return {
      asOf: this.#backend.positionOf(asOf, 'cursor'),
      below: this.#backend.positionOf(below, 'cursor'),
    }
  }
}

function matches(participation: Participation, { since, unreadOnly }: ListQuery): boolean {
  if (since !== undefined && participation.activityAt < since) return false
  return !unreadOnly || unreadOf(participation) > 0
}

function scopeOf(user: UserId, { since, unreadOnly }: ListQuery) {
  return ['conversations', user, since ?? null, unreadOnly] as const
}
