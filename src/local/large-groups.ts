import { ColumbaError } from '../errors.js'
import type { ConversationId, UserId } from '../model/ids.js'
import type { Memory } from './memory/memory.js'
import { isOpen } from './views/participation-view.js'
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
      throw new ColumbaError('TOO_LARGE', 'A member is in as many large groups as a user can be in', {
        name: 'largeGroupsPerUser',
        limit: this.#most,
      })
    }
  }

  async #of(user: UserId): Promise<Set<string>> {
    const known = this.#memory.peekUser(user)
    if (known?.listed === true) return new Set(known.large.keys())
    const live = [...this.#memory.generations.live]
    const found = new Set(await this.#rows.largeGroups(user))
    for (const generation of live) {
      for (const [group, membership] of generation.users.get(user)?.own?.memberships ?? []) {
        const large = this.#memory.peekConversation(group)?.groupPart?.durable?.large === true
        if (large && isOpen(membership)) found.add(group)
        else found.delete(group)
      }
    }
    return found
  }
}
