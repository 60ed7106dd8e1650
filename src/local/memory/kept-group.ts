import type { GroupRow, MembershipRow } from '../../formats/record-parts.js'
import { isPresent } from '../../model/group.js'
import type { GroupState } from '../../model/group.js'
import type { ConversationId, Position, UserId } from '../../model/ids.js'

/** What is kept of a group besides its messages. `Node`: the group in the list of a member. */
export class KeptGroup<Node> {
  /** Provisional, as the lane sees it. */
  row: GroupRow
  /** As readers see it; null before the group's creation is durable. */
  durable: GroupRow | null
  #present: Map<UserId, MembershipRow> | null
  /** Memberships that readers or writers asked for: of a small group those who left, of a large one any. */
  readonly #others = new Map<UserId, MembershipRow>()
  /**
   * Those among them that came by joining or leaving, so that a read of the shards may have missed them. Made when it is
   * needed.
   */
  #changed: Set<UserId> | null = null
  #forgets = 0
  /** Members whose lists are in memory. */
  readonly nodes = new Map<UserId, Node>()
  /** The last ordinal of authors that were seen: provisional. Those who left are not among them. */
  readonly ordinals = new Map<UserId, number>()
  #state: GroupState | null = null
  #stateOf: GroupRow | null = null

  /** `present`: all who are in a small group, in the order of joining; null of a large one. */
  constructor(row: GroupRow, durable: GroupRow | null, present: readonly MembershipRow[] | null) {
    this.row = row
    this.durable = durable
    this.#present = present && new Map(present.map((membership) => [membership.user as UserId, membership]))
  }

  /**
   * All who are in a small group, in the order of joining; null of a large one. However many have left, they are not walked
   * over.
   */
  get present(): ReadonlyMap<UserId, MembershipRow> | null {
    return this.#present
  }

  /**
   * How often something was forgotten that the shards may not have had before: a reader during whose read this changes reads
   * again.
   */
  get forgets(): number {
    return this.#forgets
  }

  /** Memberships in memory. */
  get memberships(): number {
    return (this.#present?.size ?? 0) + this.#others.size
  }

  /** A membership, present or former; null for a user who never had one, undefined if the shards have to be asked. */
  member(user: UserId): MembershipRow | null | undefined {
    const known = this.#present?.get(user) ?? this.#others.get(user)
    if (known !== undefined) return known
    // Each joining has an ordinal of its own: where as many are in as there were, nobody has left.
    return this.#present?.size === this.row.lastOrdinal ? null : undefined
  }

  /**
   * Takes a membership as it is now: as it was read, or `changed` by joining or leaving. Up to `most` of those that need not
   * stay are kept; the oldest make room for others.
   */
  keep(membership: MembershipRow, most: number, how: 'read' | 'changed'): void {
    const user = membership.user as UserId
    // A member who comes back stands after all others.
    this.#present?.delete(user)
    this.#others.delete(user)
    this.#changed?.delete(user)
    if (this.#present !== null && isPresent(membership)) {
      this.#present.set(user, membership)
      return
    }
    if (this.#others.size >= most) this.#forgetOldest(Math.max(1, Math.ceil(most / 4)))
    this.#others.set(user, membership)
    if (how === 'changed') (this.#changed ??= new Set()).add(user)
  }

  /**
   * IMPORTANT: what was only read, so that the shards had it before, does not count as forgotten: or many who read at once make
   * each other read for ever.
   */
  #forgetOldest(count: number): void {
    let isNews = false
    let left = count
    for (const user of this.#others.keys()) {
      if (left-- === 0) break
      this.#others.delete(user)
      if (this.#changed?.delete(user) === true) isNews = true
    }
    if (isNews) this.#forgets++
  }

  /** It is large from now on. */
  becomeLarge(): void {
    this.#present = null
    this.#forgets++
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
