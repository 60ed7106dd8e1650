import type { MaybePromise, RecentOptions, RecentPage } from '../backend/port.js'
import type { Participation } from '../model/conversation.js'
import type { ConversationId, UserId } from '../model/ids.js'
import { type ConversationEntry, ListNode, type UserEntry } from './memory/entries.js'
import type { Generation } from './memory/generation.js'
import type { Memory } from './memory/memory.js'
import type { Loader } from './loader.js'
import { toMarks } from './loader.js'
import type { Participations } from './participations.js'
import type { ListRow, RowReader } from './row-reader.js'
import { readBody } from '../formats/message-body.js'
import { toMessage } from './stored-message.js'

/**
 * Nodes beyond this are not kept for a user: a walk through a long list reads past the cache. What is kept is read in one
 * moment, as the port promises of 500.
 */
const keptNodes = 600
/** Marks as the shard had them, and the generations that may know newer ones. */
interface StoredMarks {
  readonly marks: ReadonlyMap<ConversationEntry, Parameters<typeof toMarks>[0]>
  readonly held: readonly Generation[]
}

/** Where they are read at once each is read when its row is shown. */
const nothing: StoredMarks['marks'] = new Map()

const empty: RecentPage = Object.freeze({ entries: Object.freeze([]), more: false })

/**
 * A user's list of conversations. In memory it is a prefix of the whole list, in multiples of a tier, kept up to date
 * by every write; large groups, whose messages touch nobody's list, are merged in while reading. Below the prefix the
 * list is read from the shards, with what live generations know above it.
 */
export class Lists {
  readonly #memory: Memory
  readonly #rows: RowReader
  readonly #loader: Loader
  readonly #participations: Participations
  readonly #tierSize: number

  constructor(parts: {
    readonly memory: Memory
    readonly rows: RowReader
    readonly loader: Loader
    readonly participations: Participations
    readonly tierSize: number
  }) {
    this.#memory = parts.memory
    this.#rows = parts.rows
    this.#loader = parts.loader
    this.#participations = parts.participations
    this.#tierSize = parts.tierSize
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
      return page.answer
    }
    const nodes = this.#fromMemory(user, below, limit)
    if (nodes === null) {
      this.#memory.counters.misses++
      return this.#load(user, below, limit)
    }
    this.#memory.counters.hits++
    return this.#answer(user, nodes, below, limit)
  }

  /** Up to `limit` nodes and whether there are more; null if memory does not reach that far. */
  #fromMemory(user: UserEntry, below: number | undefined, limit: number): ListNode[] | null {
    if (!user.listed) return null
    const small: ListNode[] = []
    let node = user.newest
    for (; node !== null && small.length <= limit; node = node.older) {
      if (below === undefined || node.position < below) small.push(node)
    }
    if (node === null && small.length <= limit && !user.complete) return null
    return merge(small, largeNodes(user, below))
  }

  /** `nodes` are at least one more than asked for, unless there are no more. */
  #answer(
    user: UserEntry,
    nodes: readonly ListNode[],
    below: number | undefined,
    limit: number,
  ): MaybePromise<RecentPage> {
    const { version } = user
    const more = nodes.length > limit
    const waiting: Promise<Participation>[] = []
    const entries: Participation[] = []
    for (let i = 0; i < nodes.length && i < limit; i++) {
      const view = this.#participations.ofNode(nodes[i] as ListNode)
      if (view instanceof Promise) waiting.push(view)
      else entries.push(view)
    }
    if (waiting.length > 0) return this.#again(user, waiting, below, limit)
    const answer = Object.freeze({ entries: Object.freeze(entries), more })
    if (below === undefined && user.version === version)
      user.page = { limit, version, newestLarge: newestLarge(user), answer }
    return answer
  }

  async #again(
    user: UserEntry,
    waiting: readonly Promise<Participation>[],
    below: number | undefined,
    limit: number,
  ): Promise<RecentPage> {
    user.pins++
    try {
      await Promise.all(waiting)
      return await this.recent(user.id, { below: below as RecentOptions['below'], limit })
    } finally {
      user.pins--
    }
  }

  async #load(user: UserEntry, below: number | undefined, limit: number): Promise<RecentPage> {
    user.pins++
    try {
      if (!user.listed) await this.#extend(user, Math.min(limit + 1, keptNodes))
      for (let wanted = limit + 1; ;) {
        const nodes = this.#fromMemory(user, below, limit)
        if (nodes !== null) return await this.#answer(user, nodes, below, limit)
        if (below !== undefined || wanted > keptNodes) return await this.#beyond(user, below, limit)
        if (user.loading !== null) await user.loading
        else {
          await this.#extend(user, wanted)
          // Should groups have left the order of time meanwhile, so that it is still too short.
          wanted += this.#tierSize
        }
      }
    } finally {
      user.pins--
    }
  }

  /** Makes the prefix in memory at least `wanted` long, or complete. Concurrent loads are one. */
  #extend(user: UserEntry, wanted: number): Promise<void> {
    if (user.loading !== null) return user.loading
    this.#memory.counters.loads++
    user.loading = this.#readPrefix(user, wanted).finally(() => {
      user.loading = null
    })
    return user.loading
  }

  async #readPrefix(user: UserEntry, wanted: number): Promise<void> {
    const nodes = Math.max(wanted, this.#tierSize)
    // In one step: what lies in live generations now, what arrives from now on, and a snapshot of the shard (the read).
    const held = this.#memory.generations.beginRead()
    user.beginLoad()
    const used: ConversationEntry[] = []
    try {
      const limit = nodes + 1
      const { large, recent } = await this.#rows.list(user.id, undefined, limit)
      const complete = recent.length < limit
      const floor = complete ? 0 : (recent.at(-1) as ListRow).position
      for (const row of [...large, ...recent]) used.push(this.#entryOf(user, row))
      for (const entry of touchedBy(user.id, held)) used.push(entry)
      for (const entry of used) entry.inFlight++
      const unknown = this.#knowAll(user, used)
      if (unknown !== undefined) await unknown
      const stored = {
        marks: this.#rows.isAtOnce(user.id) ? nothing : await this.#marksOf(user.id, used),
        held,
      }
      const all = () => [...used, ...user.arrivals, ...touchedBy(user.id, held)]
      // Members of large groups come and go in memory: all must be there in the step in which the list is published.
      for (let missing; (missing = this.#missingMemberships(user, all())).length > 0;)
        if ((await Promise.all(missing)).every((membership) => membership === null)) break
      this.#publish(user, all(), stored, { complete, floor })
    } finally {
      for (const entry of used) {
        entry.inFlight--
        this.#memory.release(entry)
      }
      user.endLoad()
      this.#memory.generations.endRead(held)
    }
  }

  async #marksOf(user: UserId, entries: readonly ConversationEntry[]): Promise<StoredMarks['marks']> {
    const marks = await this.#rows.manyMarks(
      user,
      entries.map((entry) => entry.id),
    )
    return new Map(entries.map((entry, i) => [entry, marks[i]]))
  }

  /** The conversation of a stored row, with what the row tells of it if memory knows less. */
  #entryOf(user: UserEntry, row: ListRow): ConversationEntry {
    const entry = this.#memory.conversation(row.conversation as ConversationId)
    const { direct } = row
    if (direct === null) return entry
    if (entry.pair === null) {
      const peer = direct.peer as UserId
      entry.pair = user.id < peer ? [user.id, peer] : [peer, user.id]
      entry.kind = 'direct'
    }
    if (!entry.known) {
      this.#loader.setHead(entry, direct, row.position)
      if (direct.body !== null) {
        const { bytes, start, end } = direct.body
        const stored = {
          seq: direct.head,
          sender: entry.pair[direct.second ? 1 : 0],
          timestamp: direct.timestamp,
          position: row.position,
          count: direct.n0,
          body: readBody(bytes, start, end),
        }
        entry.lastMessage = toMessage(entry.id, stored)
      }
    }
    return entry
  }

  /** Groups are known by their own partition; direct conversations by the row itself. */
  #knowAll(user: UserEntry, entries: readonly ConversationEntry[]): MaybePromise<void> {
    const others = entries.filter((entry) => !entry.known || entry.groupPart !== null)
    if (others.length === 0) return undefined
    return Promise.all(others.map((entry) => this.#know(user, entry))).then(() => undefined)
  }

  async #know(user: UserEntry, entry: ConversationEntry): Promise<void> {
    if (!entry.known) await this.#loader.load(entry, user.id)
    await this.#loader.membership(user.id, entry)
  }

  /** Reads of those memberships that are not in memory. */
  #missingMemberships(user: UserEntry, entries: readonly ConversationEntry[]) {
    const known = entries.map((entry) => this.#loader.membership(user.id, entry))
    return known.filter((membership) => membership instanceof Promise)
  }

  /** Synchronous: from here on every write finds the nodes. Rows of the shard may be older than what memory knows. */
  #publish(
    user: UserEntry,
    entries: Iterable<ConversationEntry>,
    stored: StoredMarks,
    reach: { readonly complete: boolean; readonly floor: number },
  ): void {
    const small: ListNode[] = []
    for (const entry of new Set(entries)) {
      const node = this.#memory.nodeOf(user.id, entry) ?? this.#newNode(user, entry, stored)
      if (node === null) continue
      if (entry.groupPart?.durable?.large === true && node.membership?.place === 0) {
        if (node.aside) this.#memory.enlist(node, 'large')
        else if (!user.large.has(entry.id)) this.#memory.addNode(node, 'large')
      } else small.push(node)
    }
    for (const node of [...walk(user)]) if (!small.includes(node)) small.push(node)
    while (user.oldest !== null) user.remove(user.oldest)
    small.sort((a, b) => b.position - a.position)
    for (const node of small) {
      if (node.position < reach.floor) {
        if (!node.aside && this.#memory.nodeOf(user.id, node.entry) === node) this.#memory.forgetNode(node)
        continue
      }
      if (node.aside) this.#memory.enlist(node, 'oldest')
      else if (this.#memory.nodeOf(user.id, node.entry) === node) user.pushOldest(node)
      else this.#memory.addNode(node, 'oldest')
    }
    user.listed = true
    user.complete = reach.complete
    user.floor = reach.floor
    user.changed()
  }

  #newNode(user: UserEntry, entry: ConversationEntry, stored: StoredMarks): ListNode | null {
    const live = this.#loader.liveMarks(user.id, entry, stored.held)
    const marks = live ?? (stored.marks.has(entry) ? toMarks(stored.marks.get(entry)) : null)
    const node = new ListNode(user, entry, marks)
    if (entry.groupPart === null) {
      const [first, second] = entry.pair as readonly [UserId, UserId]
      this.#memory.holdPeer(user, user.id === first ? second : first, entry)
      return node
    }
    const membership = this.#loader.membership(user.id, entry)
    if (membership === null || membership instanceof Promise) return null
    node.membership = membership
    return node
  }

  /** A page below what is kept: from the shards, with live generations above, and without keeping it. */
  async #beyond(user: UserEntry, below: number | undefined, limit: number): Promise<RecentPage> {
    const held = this.#memory.generations.beginRead()
    user.beginLoad()
    try {
      const touched = new Set(touchedBy(user.id, held))
      const found: ConversationEntry[] = []
      /** How far down the rows have been read. */
      let from = below
      let complete = false
      while (found.length <= limit && !complete) {
        const { recent } = await this.#rows.list(user.id, from, limit + 1 + touched.size)
        complete = recent.length < limit + 1 + touched.size
        for (const row of recent) {
          from = row.position
          const entry = this.#entryOf(user, row)
          // A conversation that moved up since has its place there; the row is of the past.
          if (touched.has(entry) || found.includes(entry)) continue
          found.push(entry)
          entry.inFlight++
        }
      }
      for (const entry of touched) {
        entry.inFlight++
        found.push(entry)
      }
      try {
        const page = await this.#page(user, found, { below, limit, floor: complete ? 0 : (from ?? 0) })
        // All of them may have moved up meanwhile: what the list goes on with lies below.
        return page.entries.length === 0 && page.more ? await this.#beyond(user, from, limit) : page
      } finally {
        for (const entry of found) {
          entry.inFlight--
          this.#memory.release(entry)
        }
      }
    } finally {
      user.endLoad()
      this.#memory.generations.endRead(held)
    }
  }

  /** Down to `floor`, where the rows that were read end: what lies deeper stands between others. */
  async #page(
    user: UserEntry,
    found: readonly ConversationEntry[],
    { below, limit, floor }: { below: number | undefined; limit: number; floor: number },
  ): Promise<RecentPage> {
    await this.#knowAll(user, found)
    const views = await Promise.all(found.map(async (entry) => this.#participations.of(user.id, entry)))
    const large = await Promise.all(
      largeNodes(user, below).map(async (node) => this.#participations.ofNode(node)),
    )
    const byId = new Map<ConversationId, Participation>()
    for (const view of [...views, ...large]) {
      if (view === null || view.position < floor || (below !== undefined && view.position >= below)) continue
      byId.set(view.conversationId, view)
    }
    const entries = [...byId.values()].sort((a, b) => b.position - a.position)
    const more = entries.length > limit || floor > 0
    if (entries.length === 0) return more ? { ...empty, more } : empty
    return { entries: Object.freeze(entries.slice(0, limit)), more }
  }
}

/** Conversations of a user that generations know of. */
function touchedBy(user: UserId, generations: Iterable<Generation>): ConversationEntry[] {
  const entries = new Set<ConversationEntry>()
  for (const generation of generations) {
    for (const { entry } of generation.users.get(user)?.conversations ?? []) {
      // A direct conversation can be there because of a block alone: without a message it is in no list.
      if (entry.groupPart !== null || entry.durableHead > 0) entries.add(entry)
    }
  }
  return [...entries]
}

function* walk(user: UserEntry): Generator<ListNode> {
  for (let node = user.newest; node !== null; node = node.older) yield node
}

/** The position of the newest message, or joining, of all the user's large groups: whatever moves one of them raises it. */
function newestLarge(user: UserEntry): number {
  let newest = 0
  for (const node of user.large.values()) newest = Math.max(newest, node.position)
  return newest
}

function largeNodes(user: UserEntry, below: number | undefined): ListNode[] {
  if (user.large.size === 0) return []
  const nodes = [...user.large.values()].filter((node) => below === undefined || node.position < below)
  return nodes.sort((a, b) => b.position - a.position)
}

/** Two lists by descending position into one. */
function merge(small: ListNode[], large: ListNode[]): ListNode[] {
  if (large.length === 0) return small
  return [...small, ...large].sort((a, b) => b.position - a.position)
}
