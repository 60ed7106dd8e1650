import type { MaybePromise } from '../backend/port.js'
import type { MembershipRow } from '../formats/record-parts.js'
import type { Membership } from '../model/group.js'
import type { UserId } from '../model/ids.js'
import type { ConversationEntry } from './memory/entries.js'
import type { Loader } from './reads/loader.js'
import type { RowReader } from './reads/row-reader.js'
import { toMembership } from './views/membership-view.js'

export interface GroupMemberParts {
  readonly rows: RowReader
  readonly loader: Loader
}

/** The present members of a group, in the order of joining. */
export class GroupMembers {
  readonly #parts: GroupMemberParts

  constructor(parts: GroupMemberParts) {
    this.#parts = parts
  }

  list(entry: ConversationEntry, after: number, limit: number): MaybePromise<readonly Membership[]> {
    const part = entry.groupPart
    if (part === null) return []
    if (part.present === null) return this.#stored(entry, after, limit)
    return [...part.present.values()]
      .filter(({ ordinal }) => ordinal > after)
      .slice(0, limit)
      .map(toMembership)
  }

  async #stored(entry: ConversationEntry, after: number, limit: number): Promise<readonly Membership[]> {
    const { rows, loader } = this.#parts
    const live = new Map<number, UserId | null>()
    const chain = []
    for (let touched = entry.touched; touched !== null; touched = touched.older) {
      if (!touched.generation.flushed) chain.unshift(touched)
    }
    for (const { group } of chain) for (const [ordinal, user] of group?.roll ?? []) live.set(ordinal, user)
    const wanted = limit + live.size
    const stored = await rows.roll(entry.id, after, wanted)
    const roll = new Map<number, UserId | null>(stored.map(({ ordinal, user }) => [ordinal, user as UserId]))
    const reach = stored.length < wanted ? Infinity : (stored.at(-1)?.ordinal as number)
    for (const [ordinal, user] of live) if (ordinal > after && ordinal <= reach) roll.set(ordinal, user)
    const users = [...roll]
      .sort(([a], [b]) => a - b)
      .map(([, user]) => user)
      .filter((user) => user !== null)
      .slice(0, limit)
    const found: (MembershipRow | null)[] = await Promise.all(
      users.map(async (user) => loader.membership(user, entry)),
    )
    return found.filter((membership) => membership !== null).map(toMembership)
  }
}
