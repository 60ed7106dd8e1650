import type { MaybePromise, RecentOptions, UnreadTotal } from '../backend/port.js'
import { unreadOf, type Participation } from '../model/conversation.js'
import type { ConversationId, UserId } from '../model/ids.js'
import type { Clock } from '../platform/clock.js'
import type { Lists } from './lists.js'
import type { CachedUser, ConversationEntry } from './memory/entries.js'
import type { Memory } from './memory/memory.js'
import type { Participations } from './participations.js'
import type { RowReader } from './reads/row-reader.js'

/**
 * The unread messages of a user in all conversations together. Counted once through the whole list, then kept beside the user,
 * where every message and every mark changes one number (but for a mark in a group that the user has not looked at, after which
 * they are counted anew); large groups are looked at when the total is asked for.
 */
export class UnreadTotals {
  readonly #memory: Memory
  readonly #rows: RowReader
  readonly #lists: Lists
  readonly #participations: Participations
  readonly #clock: Clock

  constructor(parts: {
    readonly memory: Memory
    readonly rows: RowReader
    readonly lists: Lists
    readonly participations: Participations
    readonly clock: Clock
  }) {
    this.#memory = parts.memory
    this.#rows = parts.rows
    this.#lists = parts.lists
    this.#participations = parts.participations
    this.#clock = parts.clock
  }

  of(id: UserId): MaybePromise<UnreadTotal> {
    const user = this.#memory.user(id)
    // A total that has to be counted first counts as the pages of the list.
    if (user.unread === null) return this.#of(user)
    if (user.large.size > 0) return this.#withLarge(user, (isRead) => this.#count(isRead))
    this.#count(false)
    return this.#of(user)
  }

  #count(isRead: boolean): void {
    const { counters } = this.#memory
    if (isRead) counters.misses++
    else counters.hits++
  }

  #of(user: CachedUser): MaybePromise<UnreadTotal> {
    if (user.unread === null) return this.#countOnce(user)
    if (user.large.size > 0) return this.#withLarge(user)
    return (user.unreadTotal ??= totalOf(user.unread))
  }

  /**
   * A group may become large, or small, while others are looked at: then what was looked at is not all, or too much. `onLook` is
   * told at once whether something has to be read.
   */
  async #withLarge(user: CachedUser, onLook?: (isRead: boolean) => void): Promise<UnreadTotal> {
    user.pins++
    try {
      for (let look = onLook; ; look = undefined) {
        const looked = new Map(user.large)
        const { reads } = this.#rows
        let isLater = false
        const looks = [...looked.values()].map(async (node) => {
          const view = this.#participations.ofNode(node)
          isLater ||= view instanceof Promise
          return view
        })
        look?.(isLater || this.#rows.reads !== reads)
        const views = await Promise.all(looks)
        if (user.unread === null) return await this.#of(this.#memory.user(user.id))
        if (looked.size !== user.large.size || [...looked.keys()].some((id) => !user.large.has(id))) continue
        const all = new Map(user.unread)
        for (const view of views) all.set(view.conversationId, unreadOf(view))
        return totalOf(all)
      }
    } finally {
      user.pins--
    }
  }

  async #countOnce(user: CachedUser): Promise<UnreadTotal> {
    await (user.counted ??= this.#countUnread(user).finally(() => {
      user.counted = null
    }))
    return this.#of(this.#memory.user(user.id))
  }

  /** Counts once through the whole list; conversations that change meanwhile are looked at again at the end. */
  async #countUnread(user: CachedUser): Promise<void> {
    user.pins++
    const changed = (user.counting = new Set<ConversationEntry>())
    try {
      const counts = new Map<ConversationId, number>()
      let below: number | undefined
      for (let more = true; more;) {
        const page = await this.#lists.recent(user.id, { below: below as RecentOptions['below'], limit: 500 })
        for (const view of page.entries) if (!user.large.has(view.conversationId)) put(counts, view)
        below = page.entries.at(-1)?.position
        more = page.more && below !== undefined
        // Where all of a long list lies in memory nothing is waited for, and others must get their turn.
        if (more) await this.#clock.yield()
      }
      while (changed.size > 0) {
        const entry = changed.values().next().value as ConversationEntry
        changed.delete(entry)
        // It may have left memory and come back since: what counts is the one that is there now.
        const view = await this.#participations.of(user.id, this.#memory.conversation(entry.id))
        if (view !== null && !user.large.has(entry.id)) put(counts, view)
      }
      user.unread = counts
      user.unreadTotal = null
      this.#memory.lists.chargeBeside(user)
    } finally {
      user.pins--
      user.counting = null
    }
  }
}

function put(counts: Map<ConversationId, number>, view: Participation): void {
  const unread = unreadOf(view)
  if (unread > 0) counts.set(view.conversationId, unread)
  else counts.delete(view.conversationId)
}

function totalOf(counts: ReadonlyMap<ConversationId, number>): UnreadTotal {
  let total = 0
  let conversations = 0
  for (const count of counts.values()) {
    total += count
    if (count > 0) conversations++
  }
  return Object.freeze({ total, conversations })
}
