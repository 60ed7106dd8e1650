import { andThen } from '../../async/maybe-promise.js'
import type { MaybePromise } from '../../backend/port.js'
import { unpackRow, type PackedConversation } from '../../formats/packed-conversation.js'
import { readBody } from '../../formats/message-body.js'
import type { MarksRow, MembershipRow } from '../../formats/record-parts.js'
import type { ConversationId, UserId } from '../../model/ids.js'
import { withMemory } from '../../platform/system-errors.js'
import { type CachedUser, type ConversationEntry, ListNode } from '../memory/entries.js'
import type { Generation } from '../memory/generation.js'
import { endHold } from '../memory/holds.js'
import type { Memory } from '../memory/memory.js'
import { PackedList } from '../memory/packed-list.js'
import type { Loader } from './loader.js'
import { toMarks } from './loader.js'
import type { FoundCopy, ListRow } from './list-rows.js'
import { lostRow, type RowReader } from './row-reader.js'
import { isWholeList, StoredLists, type CopyOptions } from './stored-lists.js'
import { toMessage } from './stored-message.js'

/** What was read for the beginning of a list, and the generations that may know newer things. */
interface Loaded {
  /** All direct conversations. */
  readonly packed: PackedList | null
  /** Marks of conversations that the shards did not give as part of the list as well. */
  readonly marks: ReadonlyMap<string, MarksRow | undefined>
  /** Memberships by group; null where there is none. */
  readonly memberships: ReadonlyMap<ConversationEntry, MembershipRow | null>
  readonly held: readonly Generation[]
  /** Where what was read ends. */
  readonly floor: number
}

/**
 * Brings the beginning of a user's list into memory. Conversations that no other user has in memory stay packed; groups, and
 * what live generations know of, become nodes.
 */
export class ListLoader {
  readonly #memory: Memory
  readonly #rows: RowReader
  readonly #stored: StoredLists
  readonly #loader: Loader
  readonly #tierSize: number

  constructor(parts: {
    readonly memory: Memory
    readonly rows: RowReader
    readonly loader: Loader
    readonly tierSize: number
    readonly copies: CopyOptions
  }) {
    this.#memory = parts.memory
    this.#rows = parts.rows
    this.#stored = new StoredLists(parts.rows.lists, parts.copies)
    this.#loader = parts.loader
    this.#tierSize = parts.tierSize
  }

  /**
   * Makes the prefix in memory at least `wanted` long, or complete. At once if memory has nothing of the user and the list's
   * copy is as new as the shards. Concurrent loads are one.
   */
  extend(user: CachedUser, wanted: number): MaybePromise<void> {
    if (user.loading !== null) return user.loading
    this.#memory.counters.loads++
    const limit = Math.max(wanted, this.#tierSize) + 1
    const found = this.#rows.lists.copyNow(user.id)
    if (isWholeList(found, limit) && this.#isUnknown(user)) {
      this.#list(user, PackedList.from(found.copy.direct), found.copy.floor)
      return undefined
    }
    user.loading = this.#readPrefix(user, limit, found).finally(() => {
      user.loading = null
    })
    return user.loading
  }

  /** True if no call has looked at anything of the user's, and no live generation knows of it. */
  #isUnknown(user: CachedUser): boolean {
    const isLooked = user.listed || user.loads > 0 || user.aside.size > 0
    return !isLooked && !isKnownIn(this.#memory.generations.live, user.id)
  }

  async #readPrefix(user: CachedUser, limit: number, copy: FoundCopy | null | undefined): Promise<void> {
    // In one step: what lies in live generations now, what arrives from now on, and a snapshot of the shard (the read).
    const held = this.#memory.generations.beginRead()
    const { after } = held[0] as Generation
    user.beginLoad()
    const used: ConversationEntry[] = []
    try {
      const list = await this.#stored.read(user.id, limit, copy)
      for (const group of list.large) used.push(this.#memory.conversation(group as ConversationId))
      for (const { conversation } of list.groups)
        used.push(this.#memory.conversation(conversation as ConversationId))
      for (const entry of touchedBy(user.id, held)) used.push(entry)
      for (const entry of used) entry.holds++
      const memberships = new Map<ConversationEntry, MembershipRow | null>()
      const unknown = this.knowAll(user, used, memberships)
      if (unknown !== undefined) await unknown
      const read = this.#marksOf(user.id, used, list.unmarked)
      const marks = read instanceof Promise ? await read : read
      const marked = list.unmarked.map((each) => ({ ...each, marks: toMarks(marks.get(each.conversation)) }))
      const packed = marked.length === 0 ? list.packed : withMemory(() => PackedList.of(marked, list.packed))
      if (list.isWorthCopying && !hasJoinedOrLeft(user.id, held))
        this.#stored.keep(user.id, after, list, packed)
      const loaded = { packed, marks, memberships, held, floor: list.floor }
      const all = () => new Set([...used, ...user.arrivals, ...touchedBy(user.id, held)])
      const isMissing = (entry: ConversationEntry) => this.#membershipOf(user, entry, loaded) === undefined
      // IMPORTANT: what was read is kept here: other members, who come and go in memory, cause no second read.
      for (let missing; (missing = [...all()].filter(isMissing)).length > 0;)
        await this.knowAll(user, missing, memberships)
      this.#publish(user, all(), loaded)
    } finally {
      for (const entry of used) {
        endHold(this.#memory, entry)
      }
      user.endLoad()
      this.#memory.generations.endRead(held)
    }
  }

  #list(user: CachedUser, packed: PackedList | null, floor: number): void {
    this.#memory.lists.setPacked(user, packed)
    user.listed = true
    user.complete = floor === 0
    user.floor = floor
    user.changed()
  }

  #marksOf(
    user: UserId,
    entries: readonly ConversationEntry[],
    direct: readonly PackedConversation[],
  ): MaybePromise<Loaded['marks']> {
    const conversations = [...entries.map(({ id }) => id), ...direct.map(({ conversation }) => conversation)]
    return andThen(
      this.#rows.manyMarks(user, conversations),
      (marks) => new Map(conversations.map((conversation, i) => [conversation, marks[i]])),
    )
  }

  /** The conversation of a stored row, with what the row tells of it if memory knows less. */
  entryOf(user: CachedUser, row: ListRow): ConversationEntry {
    const entry = this.#memory.conversation(row.conversation as ConversationId)
    const { direct, position } = row
    if (direct === null) return entry
    const isNews = !entry.known
    this.#know(entry, user.id, { ...direct, peer: direct.peer as UserId }, position)
    if (isNews && direct.body !== null) {
      const { bytes, start, end } = direct.body
      const stored = {
        seq: direct.head,
        sender: (entry.pair as readonly [UserId, UserId])[direct.second ? 1 : 0],
        timestamp: direct.timestamp,
        position,
        count: direct.n0,
        body: readBody(bytes, start, end),
      }
      this.#memory.messages.keepLast(entry, toMessage(entry.id, stored))
    }
    return entry
  }

  /** Takes over what a row of a list says of a direct conversation, if memory knows less. */
  #know(
    entry: ConversationEntry,
    user: UserId,
    of: { readonly peer: UserId; readonly head: number; readonly n0: number; readonly timestamp: number },
    position: number,
  ): void {
    entry.nameBetween(user, of.peer)
    this.#loader.setHead(entry, of, position)
  }

  /** Makes a node of a packed conversation of which something must be read. */
  unpack(user: CachedUser, position: number): void {
    const packed = this.#memory.lists.takePacked(user, position)
    if (packed === null) return
    const { conversation, peer } = packed
    const entry = this.#memory.conversation(conversation)
    this.#know(entry, user.id, { ...unpackRow(user.id, packed), peer }, position)
    const marks = packed.marks ?? this.#loader.marksInMemory(user.id, entry) ?? null
    this.#memory.holdPeer(user, peer, entry)
    this.#memory.addNode(new ListNode(user, entry, marks), 'inside')
  }

  /** Groups are known by their own partition, where a group that a list names must be; direct conversations by the row itself. */
  knowAll(
    user: CachedUser,
    entries: readonly ConversationEntry[],
    memberships?: Map<ConversationEntry, MembershipRow | null>,
  ): MaybePromise<void> {
    const others = entries.filter((entry) => !entry.known || entry.pair === null)
    if (others.length === 0) return undefined
    const load = async (entry: ConversationEntry): Promise<void> => {
      const membership = await this.#load(user, entry)
      memberships?.set(entry, membership)
    }
    return Promise.all(others.map(load)).then(() => undefined)
  }

  async #load(user: CachedUser, entry: ConversationEntry): Promise<MembershipRow | null> {
    if (!entry.known) await this.#loader.load(entry, user.id)
    if (entry.kind === null) throw lostRow(entry.id)
    return this.#loader.membership(user.id, entry)
  }

  /**
   * The membership of now: what changed since it was read lies in a generation that is held. Undefined if the shards have to be
   * asked.
   */
  #membershipOf(
    { id }: CachedUser,
    entry: ConversationEntry,
    { held, memberships }: Loaded,
  ): MembershipRow | null | undefined {
    const inMemory = this.#loader.membershipInMemory(id, entry)
    if (inMemory !== undefined) return inMemory
    for (let i = held.length - 1; i >= 0; i--) {
      const changed = held[i]?.users.get(id)?.own?.memberships.get(entry.id)
      if (changed !== undefined) return changed
    }
    return memberships.get(entry)
  }

  /** Synchronous: from here on every write finds the list. Rows of the shard may be older than what memory knows. */
  #publish(user: CachedUser, entries: ReadonlySet<ConversationEntry>, loaded: Loaded): void {
    const { floor } = loaded
    const small = new Set<ListNode>()
    for (const entry of entries) {
      const node = this.#memory.nodeOf(user.id, entry) ?? this.#newNode(user, entry, loaded)
      if (node === null) continue
      if (entry.groupPart?.durable?.large === true && node.membership?.place === 0) {
        if (node.aside) this.#memory.enlist(node, 'large')
        else if (!user.large.has(entry.id)) this.#memory.addNode(node, 'large')
      } else small.add(node)
    }
    for (const node of user.nodes) small.add(node)
    const packed = withMemory(() => this.#pack(user, loaded, small))
    while (user.nodes.oldest !== null) user.nodes.remove(user.nodes.oldest)
    for (const node of [...small].sort((a, b) => b.position - a.position)) {
      const isInMemory = this.#memory.nodeOf(user.id, node.entry) === node
      if (node.position < floor) {
        if (!node.aside && isInMemory) this.#memory.forgetNode(node)
        continue
      }
      if (node.aside) this.#memory.enlist(node, 'oldest')
      else if (isInMemory) user.nodes.pushOldest(node)
      else this.#memory.addNode(node, 'oldest')
    }
    this.#list(user, packed, floor)
  }

  /** Packs what no node is of. Nodes that stand aside are added to `nodes`. */
  #pack(user: CachedUser, loaded: Loaded, nodes: Set<ListNode>): PackedList | null {
    const { packed, held } = loaded
    const isTouched = user.aside.size > 0 || user.arrivals.size > 0 || isKnownIn(held, user.id)
    if (packed === null || (!isTouched && nodes.size === 0)) return packed
    const seen = new Set<string>()
    for (const { entry } of nodes) seen.add(entry.id)
    const conversations: PackedConversation[] = []
    for (const each of packed.all()) {
      const { conversation } = each
      if (seen.has(conversation)) continue
      seen.add(conversation)
      const entry = this.#memory.peekConversation(conversation)
      const node = entry === undefined ? null : this.#memory.nodeOf(user.id, entry)
      const live = entry && this.#loader.liveMarks(user.id, entry, held)
      if (node !== null) nodes.add(node)
      else conversations.push(live === undefined ? each : { ...each, marks: live })
    }
    return PackedList.of(conversations)
  }

  #newNode(user: CachedUser, entry: ConversationEntry, loaded: Loaded): ListNode | null {
    const live = this.#loader.liveMarks(user.id, entry, loaded.held)
    // Marks that came while this was read may have left memory already: then they are read again.
    const isKnown = loaded.marks.has(entry.id) && !user.arrivals.has(entry)
    const node = new ListNode(user, entry, live ?? (isKnown ? toMarks(loaded.marks.get(entry.id)) : null))
    if (entry.groupPart === null) {
      this.#memory.holdPeer(user, entry.peerOf(user.id) as UserId, entry)
      return node
    }
    // Nothing is read here: nobody would hear of a read that fails. Whose row was looked for and is not there has no part in it.
    const membership = this.#membershipOf(user, entry, loaded) ?? null
    if (membership === null) return null
    node.membership = membership
    return node
  }
}

/**
 * Whether the user has joined or left a group in these generations. A large group that is left while a list is read goes to a
 * place that may be below all that is new, and can be missing in both parts of what was read: from a copy it would be missing
 * for good.
 */
function hasJoinedOrLeft(user: UserId, generations: readonly Generation[]): boolean {
  return generations.some(({ users }) => (users.get(user)?.own?.memberships.size ?? 0) > 0)
}

function isKnownIn(generations: readonly Generation[], user: UserId): boolean {
  return generations.some(({ users }) => users.has(user))
}

/** Conversations of a user that generations know of. */
export function touchedBy(user: UserId, generations: Iterable<Generation>): ConversationEntry[] {
  const entries = new Set<ConversationEntry>()
  for (const generation of generations) {
    for (const { entry } of generation.users.get(user)?.conversations ?? []) {
      // A direct conversation can be there because of a block alone: without a message it is in no list.
      if (entry.groupPart !== null || entry.durableHead > 0) entries.add(entry)
    }
  }
  return [...entries]
}
