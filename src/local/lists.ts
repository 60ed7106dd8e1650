import type { MaybePromise, RecentOptions, RecentPage } from '../backend/port.js'
import type { Participation } from '../model/conversation.js'
import type { ConversationId, UserId } from '../model/ids.js'
import { ListLoader, touchedBy } from './reads/list-loader.js'
import type { Loader } from './reads/loader.js'
import type { CachedUser, ConversationEntry, ListNode } from './memory/entries.js'
import type { Generation } from './memory/generation.js'
import { endHold, whilePinned } from './memory/holds.js'
import type { Memory } from './memory/memory.js'
import type { PackedList } from './memory/packed-list.js'
import type { Participations } from './participations.js'
import type { RowReader } from './reads/row-reader.js'
import type { CopyOptions } from './reads/stored-lists.js'

/**
 * Nodes beyond this are not kept for a user: a walk through a long list reads past the cache. What is kept is read in one
 * moment, as the port promises of 500.
 */
const keptNodes = 600
/** A conversation in memory: a node, or the index of a packed one. */
type Place = ListNode | number

const empty: RecentPage = Object.freeze({ entries: Object.freeze([]), more: false })

/**
 * A user's list of conversations. In memory it is a prefix of the whole list, in multiples of a tier, kept up to date
 * by every write; large groups, whose messages touch nobody's list, are merged in while reading. Below the prefix the
 * list is read from the shards, with what live generations know above it.
 */
export class Lists {
  readonly #memory: Memory
  readonly #rows: RowReader
  readonly #participations: Participations
  readonly #tierSize: number
  readonly #loads: ListLoader

  constructor(parts: {
    readonly memory: Memory
    readonly rows: RowReader
    readonly loader: Loader
    readonly participations: Participations
    readonly tierSize: number
    readonly copies: CopyOptions
  }) {
    this.#memory = parts.memory
    this.#rows = parts.rows
    this.#participations = parts.participations
    this.#tierSize = parts.tierSize
    this.#loads = new ListLoader(parts)
  }

  recent(id: UserId, { below, limit }: RecentOptions): MaybePromise<RecentPage> {
    const user = this.#memory.user(id)
    const { page } = user
    if (
      below === undefined &&
      page !== null &&
      page.limit === limit &&
      // Messages of large groups move them without a word to their members.
      page.newestLarge === newestLarge(user)
    ) {
      this.#memory.counters.hits++
      user.hotUsed = true
      return page.answer
    }
    const { reads } = this.#rows
    const read = this.#read(user, below, limit)
    if (read instanceof Promise || this.#rows.reads !== reads) this.#memory.counters.misses++
    else this.#memory.counters.hits++
    return read
  }

  #read(user: CachedUser, below: number | undefined, limit: number): MaybePromise<RecentPage> {
    const places = this.#fromMemory(user, below, limit)
    if (places !== null) return this.#answer(user, places, below, limit)
    const turn = this.#rows.turn({ kind: 'user', id: user.id })
    if (turn !== null) return this.#again(user, [turn], below, limit)
    return this.#load(user, below, limit, limit + 1)
  }

  /** The places of a page, and at least one more if there are more; null if memory does not reach that far. */
  #fromMemory(user: CachedUser, below: number | undefined, limit: number): Place[] | null {
    const { nodes, packed } = user
    if (!user.listed) return null
    const small: Place[] = []
    let node = nodes.newest
    while (node !== null && below !== undefined && node.position >= below) node = node.older
    let index = below === undefined || packed === null ? 0 : packed.below(below)
    const packedCount = packed?.length ?? 0
    while (small.length <= limit && (node !== null || index < packedCount)) {
      if (
        node !== null &&
        (index === packedCount || node.position > (packed as PackedList).positionAt(index))
      ) {
        small.push(node)
        node = node.older
      } else small.push(index++)
    }
    if (small.length <= limit && !user.complete) return null
    return merge(user, small, largeNodes(user, below))
  }

  /** The page of these places, which are at least one more than asked for, unless there are no more. */
  #answer(
    user: CachedUser,
    places: readonly Place[],
    below: number | undefined,
    limit: number,
  ): MaybePromise<RecentPage> {
    const { version } = user
    const more = places.length > limit
    const waiting: Promise<Participation>[] = []
    const unpacked: number[] = []
    const entries: Participation[] = []
    let isKept = below === undefined
    for (let i = 0; i < places.length && i < limit; i++) {
      const place = places[i] as Place
      const isPacked = typeof place === 'number'
      const view = isPacked ? this.#participations.ofPacked(user, place) : this.#participations.ofNode(place)
      if (view === null) unpacked.push((user.packed as PackedList).positionAt(place as number))
      else if (view instanceof Promise) waiting.push(view)
      else {
        // A page holds what it shows, and what is not kept is in no account.
        if (!isPacked && place.view !== view) isKept = false
        entries.push(view)
      }
    }
    for (const position of unpacked) this.#loads.unpack(user, position)
    if (waiting.length > 0) return this.#again(user, waiting, below, limit)
    if (unpacked.length > 0)
      return this.#answer(user, this.#fromMemory(user, below, limit) as Place[], below, limit)
    const answer = Object.freeze({ entries: Object.freeze(entries), more })
    if (isKept && !user.showsMeanwhile && user.version === version)
      user.page = { limit, version, newestLarge: newestLarge(user), answer }
    this.#memory.lists.shown(user)
    return answer
  }

  /** Once more when what had to be read is there: much may have moved meanwhile. */
  async #again(
    user: CachedUser,
    waiting: readonly Promise<unknown>[],
    below: number | undefined,
    limit: number,
  ): Promise<RecentPage> {
    user.beginWait()
    try {
      await Promise.all(waiting)
      return await this.#read(this.#memory.user(user.id), below, limit)
    } finally {
      user.endWait()
    }
  }

  /**
   * A page for which the beginning of the list is read, from `wanted` conversations on until they are enough. They may be too
   * few: groups that have become large leave the order of time, and another reader of the list may want less.
   */
  #load(
    user: CachedUser,
    below: number | undefined,
    limit: number,
    wanted: number,
  ): MaybePromise<RecentPage> {
    if (user.listed && (below !== undefined || wanted > keptNodes)) return this.#beyond(user, below, limit)
    const next = user.loading === null ? wanted + this.#tierSize : wanted
    const goOn = (): MaybePromise<RecentPage> => {
      const places = this.#fromMemory(user, below, limit)
      return places === null ? this.#load(user, below, limit, next) : this.#answer(user, places, below, limit)
    }
    const read = this.#loads.extend(user, Math.min(wanted, keptNodes))
    return read === undefined ? goOn() : whilePinned(user, read.then(goOn))
  }

  /** A page below what is kept: from the shards, with live generations above, and without keeping it. */
  async #beyond(user: CachedUser, below: number | undefined, limit: number): Promise<RecentPage> {
    const held = this.#memory.generations.beginRead()
    user.beginLoad()
    const found = new Set<ConversationEntry>()
    try {
      const touched = new Set(touchedBy(user.id, held))
      /** How far down the rows have been read. */
      let from = below
      let complete = false
      while (found.size <= limit && !complete) {
        const most = limit + 1 + Math.min(touched.size, limit)
        const { recent } = await this.#rows.lists.below(user.id, from, most)
        complete = recent.length < most
        for (const row of recent) {
          from = row.position
          const entry = this.#loads.entryOf(user, row)
          // A conversation that moved up since has its place there; the row is of the past.
          if (!touched.has(entry)) holdIn(found, entry)
        }
      }
      for (const entry of touched) if (mayStandBelow(entry, below)) holdIn(found, entry)
      const floor = complete ? 0 : (from ?? 0)
      const page = pageOf(await this.#viewsOf(user, found, held, below), { below, limit, floor })
      // All of them may have moved up meanwhile: what the list goes on with lies below.
      return page.entries.length === 0 && page.more ? await this.#beyond(user, from, limit) : page
    } finally {
      for (const entry of found) {
        endHold(this.#memory, entry)
      }
      user.endLoad()
      this.#memory.generations.endRead(held)
    }
  }

  /**
   * Views of the conversations that were found, and of the user's large groups. IMPORTANT: what happened meanwhile is looked
   * for in the step in which all have been seen: a large group that is left goes from among those to a place between the
   * others.
   */
  async #viewsOf(
    user: CachedUser,
    found: Set<ConversationEntry>,
    held: readonly Generation[],
    below: number | undefined,
  ): Promise<(Participation | null)[]> {
    for (;;) {
      const { size } = found
      await this.#loads.knowAll(user, [...found])
      const views = await Promise.all([
        ...[...found].map(async (entry) => this.#participations.of(user.id, entry)),
        ...largeNodes(user, below).map(async (node) => this.#participations.ofNode(node)),
      ])
      for (const entry of touchedBy(user.id, held)) if (mayStandBelow(entry, below)) holdIn(found, entry)
      if (found.size === size) return views
    }
  }
}

/**
 * True if the conversation may stand below `below`: a direct one stands where its newest message is, and only goes up; a group
 * stands elsewhere for each member who left.
 */
function mayStandBelow({ groupPart, position }: ConversationEntry, below: number | undefined): boolean {
  return below === undefined || groupPart !== null || position < below
}

function holdIn(found: Set<ConversationEntry>, entry: ConversationEntry): void {
  if (found.has(entry)) return
  found.add(entry)
  entry.holds++
}

/** The page, cut at `floor`: below it rows were not read, and others may stand in between. */
function pageOf(
  views: readonly (Participation | null)[],
  { below, limit, floor }: { below: number | undefined; limit: number; floor: number },
): RecentPage {
  const byId = new Map<ConversationId, Participation>()
  for (const view of views) {
    if (view === null || view.position < floor || (below !== undefined && view.position >= below)) continue
    byId.set(view.conversationId, view)
  }
  const entries = [...byId.values()].sort((a, b) => b.position - a.position)
  const more = entries.length > limit || floor > 0
  if (entries.length === 0) return more ? { ...empty, more } : empty
  return { entries: Object.freeze(entries.slice(0, limit)), more }
}

/** The position of the newest message, or joining, of all the user's large groups: whatever moves one of them raises it. */
function newestLarge(user: CachedUser): number {
  let newest = 0
  for (const node of user.large.values()) newest = Math.max(newest, node.position)
  return newest
}

function largeNodes(user: CachedUser, below: number | undefined): ListNode[] {
  if (user.large.size === 0) return []
  const nodes = [...user.large.values()].filter((node) => below === undefined || node.position < below)
  return nodes.sort((a, b) => b.position - a.position)
}

/** Two lists by descending position into one. */
function merge(user: CachedUser, small: Place[], large: readonly ListNode[]): Place[] {
  if (large.length === 0) return small
  const position = (place: Place): number =>
    typeof place === 'number' ? (user.packed as PackedList).positionAt(place) : place.position
  return [...small, ...large].sort((a, b) => position(b) - position(a))
}
