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

  /** Rejects with TOO_LARGE if one of the users is in so many others already. */
  async check(users: Iterable<UserId>, group: ConversationId): Promise<void> {
    for (const user of users) {
      const others = await this.#of(user)
      others.delete(group)
      if (others.size < this.#most) continue
      throw new ColumbaError('TOO_LARGE', 'a member is in as many large groups as a user can be in', {
        name: 'largeGroupsPerUser',
        limit: this.#most,
      })
    }
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
