import { ColumbaError } from '../errors.js'
import type { ConversationId, UserId } from '../model/ids.js'
import type { Memory } from './memory/memory.js'
import { isPresent } from '../model/group.js'
import type { RowReader } from './reads/row-reader.js'

/**
 * Refuses what would put a user into more large groups than allowed: each of them is looked at whenever the user's list
 * is read. Looked at only where a group is large or becomes so, since it costs a read per user.
 */
export class LargeGroups {
  readonly #memory: Memory
  readonly #rows: RowReader
  readonly #most: number

  constructor(memory: Memory, rows: RowReader, most: number) {
    this.#memory = memory
    this.#rows = rows
    this.#most = most
  }

  /**
   * Rejects with TOO_LARGE if one of those who come, or of those who are in, is in so many others already; `index` says which of
   * those who come.
   */
  async check(
    coming: readonly UserId[],
    group: ConversationId,
    present: readonly UserId[] = [],
  ): Promise<void> {
    const details = { name: 'largeGroupsPerUser', limit: this.#most }
    for (const [index, user] of coming.entries()) {
      if (await this.#hasRoom(user, group)) continue
      const message = 'the user is in as many large groups as one can be in'
      throw new ColumbaError('TOO_LARGE', message, { ...details, index })
    }
    for (const user of present) {
      if (await this.#hasRoom(user, group)) continue
      const message =
        'the group would become a large one, and a present member is in as many as one can be in; let that one leave one'
      throw new ColumbaError('TOO_LARGE', message, details)
    }
  }

  async #hasRoom(user: UserId, group: ConversationId): Promise<boolean> {
    const others = await this.#of(user)
    others.delete(group)
    return others.size < this.#most
  }

  async #of(user: UserId): Promise<Set<string>> {
    const known = this.#memory.peekUser(user)
    if (known?.listed === true) return new Set(known.large.keys())
    // IMPORTANT: before the rows are read: what is flushed meanwhile may have left memory by then.
    const live = this.#ofLive(user)
    const found = new Set(await this.#rows.lists.largeGroups(user))
    for (const [group, isIn] of live) {
      if (isIn) found.add(group)
      else found.delete(group)
    }
    return found
  }

  /**
   * What live generations know of the user's large groups, oldest first: true for one that the user is in, false for one that
   * the user has left.
   */
  #ofLive(user: UserId): Map<string, boolean> {
    const found = new Map<string, boolean>()
    for (const generation of this.#memory.generations.live) {
      const touched = generation.users.get(user)
      // A group that becomes large touches all who are in it, though their memberships stay as they were.
      for (const { entry } of touched?.conversations ?? [])
        if (entry.groupPart?.durable?.large === true) found.set(entry.id, true)
      for (const [group, membership] of touched?.own?.memberships ?? []) {
        const isLarge = this.#memory.peekConversation(group)?.groupPart?.durable?.large === true
        found.set(group, isLarge && isPresent(membership))
      }
    }
    return found
  }
}
