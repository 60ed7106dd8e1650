import type { ChangePage, ChangeRef, MaybePromise } from '../backend/port.js'
import type { StoredChange } from '../formats/change-list.js'
import type { MembershipRow } from '../formats/record-parts.js'
import type { ConversationId, Position, UserId } from '../model/ids.js'
import type { Loader } from './reads/loader.js'
import type { ConversationEntry, Touched } from './memory/entries.js'
import type { Generation } from './memory/generation.js'
import type { Memory } from './memory/memory.js'
import { isOpen, sees } from './views/participation-view.js'
import type { RowReader, RunOwner } from './reads/row-reader.js'
import type { Watchers } from './writes/watchers.js'

export interface ChangeReaderParts {
  readonly memory: Memory
  readonly loader: Loader
  readonly rows: RowReader
  readonly watchers: Watchers
}

/**
 * The feed of a user: what is listed in the user's own partition, merged with the lists of the user's groups. Live
 * generations are read from memory; what they begin behind is read from the shards.
 */
export class ChangeReader {
  readonly #parts: ChangeReaderParts

  constructor(parts: ChangeReaderParts) {
    this.#parts = parts
  }

  read(user: UserId, after: Position, limit: number): MaybePromise<ChangePage> {
    const memberships = this.#parts.memory.user(user).memberships
    const [oldest] = this.#parts.memory.generations.live
    if (memberships !== null) this.#parts.watchers.learn(user, memberships.keys())
    if (memberships !== null && oldest !== undefined && this.#isFlushedKnown(user, after, oldest.after)) {
      const { live, shownThrough: through } = this.#parts.memory.generations
      return this.#page(user, { after, through, limit }, memberships, [], live)
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
    const entry = memory.user(user)
    // Who leaves memory hears of no joining any more, and those who watch would learn of groups as they were.
    entry.pins++
    // What comes while this reads is the next page's: it may lie in a generation that is not held here.
    const through = memory.generations.shownThrough
    try {
      const memberships = await loader.memberships(user)
      watchers.learn(user, memberships.keys())
      const boundary = (held[0] as Generation).after
      const stored: ChangeRef[] = []
      if (after < boundary) {
        await this.#collect({ kind: 'user', id: user }, { after, boundary, limit }, stored, null)
        for (const [group, membership] of memberships) {
          await this.#collect({ kind: 'group', id: group }, { after, boundary, limit }, stored, membership)
        }
      }
      return this.#page(user, { after, through, limit }, memberships, stored, held)
    } finally {
      entry.pins--
      memory.generations.endRead(held)
    }
  }

  /** One partition's changes in (after, boundary], as many as one page can need. */
  async #collect(
    owner: RunOwner,
    range: { readonly after: number; readonly boundary: number; readonly limit: number },
    into: ChangeRef[],
    membership: MembershipRow | null,
  ): Promise<void> {
    const share = new Share(range.limit, membership, into)
    for await (const changes of this.#parts.rows.changes(owner, range.after)) {
      for (const change of changes) if (change.position > range.boundary || !share.take(toRef(change))) return
    }
  }

  #page(
    user: UserId,
    range: { readonly after: Position; readonly through: Position; readonly limit: number },
    memberships: ReadonlyMap<ConversationId, MembershipRow>,
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
    if (refs.length <= limit) return { refs, through, more: false }
    // Pointers of one position stay together: a page may be longer for it. Behind the last one may be more in the shards,
    // of which only a page was read.
    let end = limit
    while (end < refs.length && refs[end]?.position === refs[end - 1]?.position) end++
    return { refs: refs.slice(0, end), through: (refs[end - 1] as ChangeRef).position, more: true }
  }
}

/**
 * What one page takes of one source: its oldest, one more than the page has places for. Those of one position stay together, and of
 * a group's only what its member may see.
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

/** What one page wants: changes behind `after`, and one more than it has places for. */
interface Wanted {
  readonly after: number
  readonly limit: number
}

/** Of messages that a member may see, if it is a member who asks. */
function messagesAfter(
  touched: Touched,
  { after, limit }: Wanted,
  membership: MembershipRow | null,
  refs: ChangeRef[],
): void {
  const { lastSeq } = touched
  let left = limit + 1
  for (let seq = touched.firstAfter(after); seq <= lastSeq && left > 0; seq++) {
    if (membership !== null && !sees(membership, seq)) continue
    const position = touched.position(seq) as Position
    refs.push({ position, kind: 'message', conversationId: touched.entry.id, seq })
    left--
  }
}

/** Of changes in the order of their positions. */
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

/** Most who ask have read all but the end; some come from far behind, page by page. */
function firstBehind(all: readonly ChangeRef[], after: number): number {
  let low = 0
  let high = all.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((all[middle] as ChangeRef).position <= after) low = middle + 1
    else high = middle
  }
  return low
}

/** Where marks of a direct conversation were moved last, and no more of it: a pointer that is overtaken tells nobody anything. */
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

/** What a member may hear of: messages that may be seen, and everything else while being in. */
function concerns(ref: ChangeRef, membership: MembershipRow): boolean {
  if (ref.kind === 'message') {
    return sees(membership, ref.seq)
  }
  // One's own marks outlast leaving and coming back.
  if ('userId' in ref && ref.kind !== 'member' && ref.userId === membership.user) return true
  return ref.position >= membership.joined && (isOpen(membership) || ref.position <= membership.position)
}

function toRef(change: StoredChange): ChangeRef {
  const position = change.position as Position
  switch (change.kind) {
    case 'message':
      return {
        position,
        kind: 'message',
        conversationId: change.conversation as ConversationId,
        seq: change.seq,
      }
    case 'read':
    case 'delivered':
    case 'member':
      return {
        position,
        kind: change.kind,
        conversationId: change.conversation as ConversationId,
        userId: change.user as UserId,
      }
    case 'conversation':
      return { position, kind: 'conversation', conversationId: change.conversation as ConversationId }
    case 'contact':
      return { position, kind: 'contact', userId: change.user as UserId }
    case 'profile':
      return { position, kind: 'profile' }
  }
}
