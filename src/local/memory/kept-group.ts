import type { GroupRow, MembershipRow } from '../../formats/record-parts.js'
import type { GroupState } from '../../model/group.js'
import type { ConversationId, Position, UserId } from '../../model/ids.js'

/** What is kept of a group besides its messages. `Node`: the group in the list of a member. */
export class KeptGroup<Node> {
  /** Provisional, as the lane sees it. */
  row: GroupRow
  /** As readers see it; null before the group's creation is durable. */
  durable: GroupRow | null
  /** Small groups: all members there ever were. Large groups: some of those that were asked for. */
  readonly members = new Map<UserId, MembershipRow>()
  /** How often these were forgotten: whoever reads one meanwhile reads it again. */
  forgets = 0
  /** `members` are all there ever were. */
  complete = false
  /** Members whose lists are in memory. */
  readonly nodes = new Map<UserId, Node>()
  /** The last ordinal of authors that were seen: provisional. */
  readonly ordinals = new Map<UserId, number>()
  #state: GroupState | null = null
  #stateOf: GroupRow | null = null

  constructor(row: GroupRow, durable: GroupRow | null) {
    this.row = row
    this.durable = durable
  }

  forgetMembers(): void {
    this.members.clear()
    this.forgets++
  }

  state(id: ConversationId): GroupState {
    if (this.#state === null || this.#stateOf !== this.row) {
      const { title, creator, owner, createdAt, memberCount, createdAs, position } = this.row
      this.#stateOf = this.row
      this.#state = Object.freeze({
        id,
        title,
        creator: creator as UserId,
        owner: owner as UserId | null,
        createdAt,
        memberCount,
        createdAs,
        position: position as Position,
      })
    }
    return this.#state
  }
}
