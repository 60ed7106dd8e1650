import { andThen } from '../../async/maybe-promise.js'
import type { MaybePromise } from '../../backend/port.js'
import type { DirectHead, GroupRow, MembershipRow } from '../../formats/record-parts.js'
import { directPrefix } from '../../model/direct-conversation-id.js'
import { noMarks, type Marks } from '../../model/conversation.js'
import { isPresent } from '../../model/group.js'
import type { ConversationId, Position, UserId } from '../../model/ids.js'
import { type CachedUser, type ConversationEntry, GroupPart } from '../memory/entries.js'
import type { ConversationFilter } from '../memory/conversation-filter.js'
import type { Generation } from '../memory/generation.js'
import { endHold } from '../memory/holds.js'
import type { Memory } from '../memory/memory.js'
import type { KnownHead, RowReader } from './row-reader.js'

/**
 * Brings single things from the shards into memory, each with what live generations know above it. Live generations
 * are asked first: what none of them has is in the shards, as of now or newer.
 */
export class Loader {
  readonly #memory: Memory
  readonly #rows: RowReader
  readonly #filter: ConversationFilter
  /** Memberships that are kept of each group, besides the members of a small one. */
  readonly #keptMembers: number
  /** `by`: whose rows it goes by, where nobody knows yet who the two of a direct conversation are. */
  readonly #loads = new Map<ConversationId, { readonly done: Promise<void>; readonly by: UserId | null }>()
  readonly #membershipLoads = new Map<UserId, Promise<Map<ConversationId, MembershipRow>>>()

  constructor(memory: Memory, rows: RowReader, filter: ConversationFilter, keptMembers: number) {
    this.#memory = memory
    this.#rows = rows
    this.#filter = filter
    this.#keptMembers = keptMembers
  }

  /** What writers need of a conversation. Concurrent loads are one. */
  load(entry: ConversationEntry, viewer: UserId): MaybePromise<void> {
    if (entry.loaded) return undefined
    const isDirect = entry.id.startsWith(directPrefix)
    const by = isDirect && entry.pair === null ? viewer : null
    // IMPORTANT: before anything else: nothing may be written while a load reads what was there before.
    const running = this.#loads.get(entry.id)
    if (running !== undefined) {
      const again = (): MaybePromise<void> => this.load(entry, viewer)
      // What could not be read of one's rows may be whole in another's.
      return running.done.then(again, running.by === by ? undefined : again)
    }
    if (entry.pair !== null && this.#filter.excludes(entry.id)) {
      entry.loaded = entry.known = true
      return undefined
    }
    const parked = this.#memory.indexes.unpark(entry)
    if (parked !== null) return this.#setDirect(entry, parked)
    this.#memory.counters.loads++
    const load = isDirect ? this.#loadDirect(entry, viewer) : this.#loadGroup(entry)
    if (load === undefined) return undefined
    entry.holds++
    const done = load.finally(() => {
      entry.holds--
      this.#loads.delete(entry.id)
    })
    this.#loads.set(entry.id, { done, by })
    return done
  }

  #loadDirect(entry: ConversationEntry, viewer: UserId): MaybePromise<void> {
    const { pair } = entry
    return andThen(this.#directHead(entry, viewer), (found) => {
      if (found !== undefined || pair !== null) return this.#takeDirect(entry, pair?.[0] ?? viewer, found)
      // A stranger has no row. IMPORTANT: that says nothing of the conversation, also if somebody has named its participants
      // while it was read.
      return entry.pair === null ? undefined : this.#loadDirect(entry, viewer)
    })
  }

  /**
   * The head of a known pair is the first one's, for every asker; found by id alone, only the viewer's row says who the pair
   * is.
   */
  #directHead({ id, pair }: ConversationEntry, viewer: UserId): MaybePromise<KnownHead | undefined> {
    if (pair === null) return this.#rows.directHead(viewer, id)
    const [first, second] = pair
    return andThen(
      this.#rows.directHead(first, id),
      // IMPORTANT: no conversation begins anew because its head was lost: the second one's row says that it was there, or a run.
      (found) =>
        found ?? (first === second ? this.#rows.seekRun(first, id) : this.#rows.directHead(second, id)),
    )
  }

  /** `owner`: the participant in whose partition the row is. */
  #takeDirect(entry: ConversationEntry, owner: UserId, found: KnownHead | undefined): undefined {
    if (found === undefined) {
      entry.loaded = entry.known = true
      return
    }
    entry.nameBetween(owner, found.peer as UserId)
    this.#memory.indexes.unpark(entry)
    this.#setDirect(entry, found.head)
  }

  #setDirect(entry: ConversationEntry, head: DirectHead): undefined {
    entry.loaded = true
    entry.firstBlocked = head.firstBlocked
    entry.secondBlocked = head.secondBlocked
    this.setHead(entry, head, head.position)
  }

  /** What a row says of a head that memory does not know yet. */
  setHead(
    entry: ConversationEntry,
    row: { readonly head: number; readonly n0?: number; readonly timestamp: number },
    position: number,
  ): void {
    if (entry.known) return
    entry.known = true
    entry.head = entry.durableHead = row.head
    entry.n0 = entry.durableN0 = row.n0 ?? 0
    entry.lastPosition = entry.position = position
    entry.lastTimestamp = entry.timestamp = row.timestamp
  }

  async #loadGroup(entry: ConversationEntry): Promise<void> {
    const found = await this.#rows.group(entry.id)
    if (found === null) {
      entry.loaded = true
      entry.known = true
      return
    }
    const { state, head } = found
    const part = new GroupPart(state, state, state.large ? null : await this.#present(entry.id, state))
    entry.kind = 'group'
    entry.groupPart = part
    this.setHead(entry, head ?? { head: 0, timestamp: state.createdAt }, head?.position ?? 0)
    entry.loaded = true
    this.#memory.chargeMembers(entry)
  }

  /** Reads the members of a small group. Those who left are not read where they may be more, unless the roll is damaged. */
  async #present(group: ConversationId, { memberCount, lastOrdinal }: GroupRow): Promise<MembershipRow[]> {
    if (lastOrdinal > 2 * memberCount) {
      const listed = await this.#rows.listedMembers(group, Math.max(1, memberCount)).catch(() => null)
      if (listed?.length === memberCount) return listed
    }
    const all = await this.#rows.allMembers(group)
    return all.filter(isPresent).sort((a, b) => a.ordinal - b.ordinal)
  }

  marks(user: UserId, entry: ConversationEntry): MaybePromise<Marks> {
    return this.marksInMemory(user, entry) ?? andThen(this.#rows.marks(user, entry.id), toMarks)
  }

  /** The marks if no shard has to be asked: there are none in what began in a generation that no shard has yet. */
  marksInMemory(user: UserId, entry: ConversationEntry): Marks | undefined {
    const live = this.liveMarks(user, entry)
    if (live !== undefined) return live
    for (let touched = entry.touched; touched !== null; touched = touched.older) {
      if (!touched.generation.flushed && touched.count > 0 && touched.firstSeq === 1) return noMarks
    }
    return undefined
  }

  /** `held`: generations that are read as live ones are, though they may have been flushed meanwhile. */
  liveMarks(
    user: UserId,
    entry: ConversationEntry,
    held: readonly Generation[] = this.#memory.generations.live,
  ): Marks | undefined {
    // What came of late is told to the one in memory.
    const current = entry.inMemory ? entry : this.#memory.peekConversation(entry.id)
    if (current?.groupPart !== null) return marksInGroup(user, entry.id, held)
    for (let touched = current.touched; touched !== null; touched = touched.older) {
      const marks = touched.marksOf(user)
      if (marks !== null && (!touched.generation.flushed || held.some((one) => one === touched.generation)))
        return marks
    }
    return undefined
  }

  /** A member of a loaded group, present or former. */
  membership(user: UserId, entry: ConversationEntry): MaybePromise<MembershipRow | null> {
    const known = this.membershipInMemory(user, entry)
    return known === undefined ? this.#readMembership(user, entry, entry.groupPart as GroupPart) : known
  }

  /** The membership if no shard has to be asked; undefined if one has. */
  membershipInMemory(
    user: UserId,
    { groupPart, touched }: ConversationEntry,
  ): MembershipRow | null | undefined {
    if (groupPart === null) return null
    const known = groupPart.member(user)
    if (known !== undefined) return known
    for (let each = touched; each !== null; each = each.older) {
      if (each.generation.flushed) continue
      const membership = each.group?.memberships.get(user)
      if (membership !== undefined) return membership
    }
    return undefined
  }

  /** The membership as readers see it, of a group that need not be loaded. */
  shownMembership(user: UserId, entry: ConversationEntry): MaybePromise<MembershipRow | null> {
    if (!entry.loaded) return this.#loadShownMembership(user, entry)
    const { groupPart } = entry
    // While its making is under way it has no members yet.
    return groupPart === null || groupPart.durable === null ? null : this.membership(user, entry)
  }

  async #loadShownMembership(user: UserId, entry: ConversationEntry): Promise<MembershipRow | null> {
    entry.holds++
    try {
      await this.load(entry, user)
      return await this.shownMembership(user, entry)
    } finally {
      endHold(this.#memory, entry, true)
    }
  }

  #readMembership(
    user: UserId,
    entry: ConversationEntry,
    part: GroupPart,
  ): MaybePromise<MembershipRow | null> {
    const { forgets } = part
    return andThen(this.#rows.member(entry.id, user), (row) => {
      const newer = part.member(user)
      if (newer !== undefined) return newer
      // A newer one, of joining or leaving, may have made room for others meanwhile.
      if (part.forgets !== forgets) return this.membership(user, entry)
      if (row === undefined) return null
      this.keepMember(entry, row, 'read')
      return row
    })
  }

  /** Keeps the newest membership of a user in a loaded group: as it was read, or as joining or leaving made it. */
  keepMember(entry: ConversationEntry, membership: MembershipRow, how: 'read' | 'changed'): void {
    entry.groupPart?.keep(membership, this.#keptMembers, how)
    this.#memory.chargeMembers(entry)
  }

  /**
   * All groups of a user, present and former. Concurrent loads are one: after an opening all devices of a user come at once.
   */
  memberships(user: UserId): MaybePromise<Map<ConversationId, MembershipRow>> {
    const cached = this.#memory.user(user)
    if (cached.memberships !== null) return cached.memberships
    const running = this.#membershipLoads.get(user)
    if (running !== undefined) return running
    const load = this.#loadMemberships(user, cached).finally(() => this.#membershipLoads.delete(user))
    this.#membershipLoads.set(user, load)
    return load
  }

  async #loadMemberships(user: UserId, cached: CachedUser): Promise<Map<ConversationId, MembershipRow>> {
    const held = this.#memory.generations.beginRead()
    cached.pins++
    try {
      const found = await this.#rows.memberships(user)
      // One that came while we read lies in a generation that was live at some time of it.
      for (const generation of held) {
        for (const [group, membership] of generation.users.get(user)?.own?.memberships ?? []) {
          const older = found.get(group)
          if (older === undefined || older.position < membership.position) found.set(group, membership)
        }
      }
      cached.memberships = found as Map<ConversationId, MembershipRow>
      this.#memory.lists.chargeBeside(cached)
      return cached.memberships
    } finally {
      cached.pins--
      this.#memory.generations.endRead(held)
    }
  }

  /** How many messages of a group up to `seq` are the user's own. */
  async ownOrdinal(user: UserId, entry: ConversationEntry, seq: number): Promise<number> {
    for (let touched = entry.touched; touched !== null; touched = touched.older) {
      if (touched.generation.flushed) continue
      const own = touched.group?.own.get(user)
      if (own !== undefined && own.seqs.length > 0 && (own.seqs[0] as number) <= seq)
        return own.before + upTo(own.seqs, seq)
    }
    const row = await this.#rows.own(user, entry.id, seq)
    return row === undefined ? 0 : row.before + upTo(row.seqs, seq)
  }

  /**
   * True if the user may have written in the group above `seq`; only live generations are asked, so also true where they do not
   * reach back that far.
   */
  mayHaveWritten(user: UserId, entry: ConversationEntry, seq: number): boolean {
    let known = entry.durableHead
    for (let touched = entry.touched; touched !== null && known > seq; touched = touched.older) {
      if (touched.count === 0 || touched.lastSeq < known) continue
      if ((touched.group?.own.get(user)?.seqs.at(-1) ?? 0) > seq) return true
      known = touched.firstSeq - 1
    }
    return known > seq
  }
}

function marksInGroup(user: UserId, group: ConversationId, held: readonly Generation[]): Marks | undefined {
  for (let i = held.length - 1; i >= 0; i--) {
    const marks = held[i]?.users.get(user)?.own?.marks.get(group)
    if (marks !== undefined) return marks
  }
  return undefined
}

/** How many of ascending seqs are at most `seq`. */
function upTo(seqs: readonly number[], seq: number): number {
  let low = 0
  let high = seqs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((seqs[middle] as number) <= seq) low = middle + 1
    else high = middle
  }
  return low
}

export function toMarks(
  row:
    { read: number; delivered: number; ownAtRead: number; readAt: number; deliveredAt: number } | undefined,
): Marks {
  return row === undefined
    ? noMarks
    : { ...row, readAt: row.readAt as Position, deliveredAt: row.deliveredAt as Position }
}
