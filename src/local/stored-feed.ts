import type { ChangeRef, MaybePromise } from '../backend/port.js'
import { isColumbaError } from '../errors.js'
import type { StoredChange } from '../formats/change-list.js'
import type { MarksRow, MembershipRow } from '../formats/record-parts.js'
import { isPresent } from '../model/group.js'
import type { ConversationId, Position, UserId } from '../model/ids.js'
import { FeedAhead } from './memory/feed-ahead.js'
import { OldestRefs } from './memory/oldest-refs.js'
import type { RowReader } from './reads/row-reader.js'
import { outUntil } from './rejoining.js'
import { sees } from './views/participation-view.js'

/** Groups whose changes are read at the same time. */
const parallelReads = 4
/**
 * To look into a group costs as much as some of its changes: so many for each group are read in advance, but no more than that
 * many in all, about 400 KB and their ids.
 */
const aheadPerGroup = 16
const mostAhead = 4096

/** Positions above `after` up to `through`. */
interface Range {
  readonly after: number
  readonly through: number
}

/** The feed of a user as the shards have it: what is listed in the user's own partition and in those of the user's groups. */
export class StoredFeed {
  readonly #rows: RowReader

  constructor(rows: RowReader) {
    this.#rows = rows
  }

  /** More than `limit` of the oldest changes in a range, if there are so many. */
  async read(
    user: UserId,
    memberships: ReadonlyMap<ConversationId, MembershipRow>,
    range: Range,
    limit: number,
  ): Promise<FeedAhead> {
    const oldest = new OldestRefs(limit + 1 + Math.min(aheadPerGroup * memberships.size, mostAhead))
    // Memberships of now: a member who leaves while this reads is told of nothing twice or never.
    const groups = [...memberships]
    const unread = await this.#ownMarks(user, groups, range, oldest)
    const left = groups.values()
    const reads = Array.from({ length: Math.min(parallelReads, groups.length) }, async () => {
      for (const [group, membership] of left) await this.#ofGroup(group, membership, range, oldest)
    })
    reads.push(this.#ofUser(user, range, oldest))
    reads.push(...unread.map((group) => this.#listedMarks(user, group, range, oldest)))
    try {
      await Promise.all(reads)
    } catch (error) {
      oldest.end()
      await Promise.allSettled(reads)
      throw error
    }
    const { refs, through } = oldest.take()
    return new FeedAhead(range.after, Math.min(through, range.through), refs)
  }

  async #ofUser(user: UserId, { after, through }: Range, into: OldestRefs): Promise<void> {
    for await (const changes of this.#rows.changes({ kind: 'user', id: user }, after)) {
      for (const change of changes) {
        if (change.position > through || !into.wants(change.position)) return
        into.add(toRef(change))
      }
    }
  }

  /** From the first joining on, and up to where the member left for good. */
  async #ofGroup(
    group: ConversationId,
    membership: MembershipRow,
    { after, through }: Range,
    into: OldestRefs,
  ): Promise<void> {
    const end = isPresent(membership) ? through : Math.min(through, membership.position)
    let from = Math.max(after, (membership.joinedBefore[0] ?? membership.joined) - 1)
    while (from < end && into.wants(from + 1))
      from = await this.#stretch(group, membership, { after: from, through: end }, into)
  }

  /** Returns the position after which to go on: Infinity at the end. */
  async #stretch(
    group: ConversationId,
    membership: MembershipRow,
    { after, through }: Range,
    into: OldestRefs,
  ): Promise<number> {
    let from = after
    for await (const changes of this.#rows.changes({ kind: 'group', id: group }, after)) {
      let last = after
      for (const change of changes) {
        const { position } = change
        last = position
        if (position <= from) continue
        if (position > through || !into.wants(position)) return Infinity
        if (change.kind === 'message' && !sees(membership, change.seq)) from = outUntil(membership, position)
        else {
          const ref = toRef(change)
          if (concerns(ref, membership) && !isToldByMarks(ref, membership)) into.add(ref)
        }
      }
      // What lies between is passed over without being read.
      if (from > last) return from
    }
    return Infinity
  }

  /**
   * One's own marks outlast leaving: where they are now is all that a feed tells of them, so it is not looked for in the group.
   * Returns the groups of which they cannot be read.
   */
  async #ownMarks(
    user: UserId,
    memberships: readonly (readonly [ConversationId, MembershipRow])[],
    { after, through }: Range,
    into: OldestRefs,
  ): Promise<ConversationId[]> {
    const groups = memberships.filter(([, membership]) => hasBeenOut(membership)).map(([group]) => group)
    if (groups.length === 0) return []
    const found = await this.#marksOf(user, groups)
    const add = (at: number, kind: 'read' | 'delivered', conversationId: ConversationId): void => {
      if (at > after && at <= through)
        into.add({ position: at as Position, kind, conversationId, userId: user })
    }
    for (const [i, group] of groups.entries()) {
      add(found[i]?.readAt ?? 0, 'read', group)
      add(found[i]?.deliveredAt ?? 0, 'delivered', group)
    }
    return groups.filter((_, i) => found[i] === null)
  }

  /** Null for those that are damaged: they are nothing to those beside them. */
  async #marksOf(
    user: UserId,
    groups: readonly ConversationId[],
  ): Promise<readonly (MarksRow | undefined | null)[]> {
    const all = await unlessDamaged(() => this.#rows.manyMarks(user, groups))
    if (all !== null) return all
    const found: (MarksRow | undefined | null)[] = []
    for (const group of groups) found.push(await unlessDamaged(() => this.#rows.marks(user, group)))
    return found
  }

  /** Where one's own marks were moved, as a group lists it: a page with one that cannot be read fails, and no other. */
  async #listedMarks(
    user: UserId,
    group: ConversationId,
    { after, through }: Range,
    into: OldestRefs,
  ): Promise<void> {
    for await (const changes of this.#rows.changes({ kind: 'group', id: group }, after)) {
      for (const change of changes) {
        if (change.position > through || !into.wants(change.position)) return
        const ref = toRef(change)
        if (isOwnMark(ref, user)) into.add(ref)
      }
    }
  }
}

function hasBeenOut(membership: MembershipRow): boolean {
  return membership.joinedBefore.length > 0 || !isPresent(membership)
}

async function unlessDamaged<T>(read: () => MaybePromise<T>): Promise<T | null> {
  try {
    return await read()
  } catch (error) {
    if (!isColumbaError(error, 'CORRUPT')) throw error
    return null
  }
}

function isToldByMarks(ref: ChangeRef, membership: MembershipRow): boolean {
  return isOwnMark(ref, membership.user) && hasBeenOut(membership)
}

function isOwnMark(ref: ChangeRef, user: string): boolean {
  return (ref.kind === 'read' || ref.kind === 'delivered') && ref.userId === user
}

/** What a member may hear of: messages that may be seen, and everything else while being in. */
export function concerns(ref: ChangeRef, membership: MembershipRow): boolean {
  if (ref.kind === 'message') return sees(membership, ref.seq)
  // One's own marks outlast leaving and coming back.
  if (isOwnMark(ref, membership.user)) return true
  return ref.position >= membership.joined && (isPresent(membership) || ref.position <= membership.position)
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
