import type { ConversationHandle } from '../../backend/port.js'
import type { GroupRow, MembershipRow } from '../../formats/record-parts.js'
import type { GroupState } from '../../model/group.js'
import type { ConversationId, Position, UserId } from '../../model/ids.js'
import type { Message } from '../../model/message.js'
import type { Touched } from './generation.js'
import type { IdIndex } from './id-index.js'
import type { ListNode } from './user-entry.js'

/** What is kept of a group besides its messages. */
export class GroupPart {
  /** Provisional, as the lane sees it. */
  row: GroupRow
  /** As readers see it; null before the group's creation is durable. */
  durable: GroupRow | null
  /** Small groups: all members there ever were. Large groups: some of those that were asked for. */
  readonly members = new Map<UserId, MembershipRow>()
  complete = false
  /** Members whose lists are in memory. */
  readonly nodes = new Map<UserId, ListNode>()
  /** The last ordinal of authors that were seen: provisional. */
  readonly ordinals = new Map<UserId, number>()
  #state: GroupState | null = null
  #stateOf: GroupRow | null = null

  constructor(row: GroupRow, durable: GroupRow | null) {
    this.row = row
    this.durable = durable
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

/**
 * All that memory has about one conversation: shared by its participants, by readers and by the write path. Fields
 * that end in nothing are provisional (they count what has been handed to the log), `durable…` is what readers see.
 */
export class ConversationEntry implements ConversationHandle {
  readonly id: ConversationId
  kind: 'direct' | 'group' | null = null
  pair: readonly [UserId, UserId] | null = null
  /** Writers have all they need. */
  loaded = false
  /** `durableHead` and what goes with it are known. */
  known = false
  lane: object | null = null
  memo: object | null = null

  head = 0
  durableHead = 0
  /** Messages of the first participant. */
  n0 = 0
  durableN0 = 0
  firstBlocked = false
  secondBlocked = false
  /** Of the last message; provisional, then durable. */
  lastPosition = 0
  lastTimestamp = 0
  position = 0
  timestamp = 0

  /** The generation whose log has an image of this conversation already. */
  imageIn = -1
  /** What the newest live generation with this conversation knows. */
  touched: Touched | null = null
  /** Live generations that touch it, and writes under way: it cannot be let go of before. */
  live = 0
  inFlight = 0
  /** Users in memory that have it. */
  refs = 0

  ids: IdIndex | null = null
  /** The last message, if it was asked for since it came; undefined if not. */
  lastMessage: Message | null | undefined = undefined
  /** The newest messages as objects, ascending, without a gap up to the last of them. */
  page: readonly Message[] | null = null
  /** The last answer about messages, forgotten with every change. */
  answer: {
    readonly from: number
    readonly to: number
    readonly descending: boolean
    readonly items: readonly Message[]
  } | null = null

  /** The lists of the two participants of a direct conversation, if they are in memory and have it. */
  first: ListNode | null = null
  second: ListNode | null = null
  groupPart: GroupPart | null = null

  constructor(id: ConversationId) {
    this.id = id
  }

  get group(): GroupState | null {
    return this.groupPart === null ? null : this.groupPart.state(this.id)
  }

  isBlocked(sender: UserId): boolean {
    return this.pair !== null && (this.pair[0] === sender ? this.firstBlocked : this.secondBlocked)
  }

  /** Nobody needs it to stay. */
  get idle(): boolean {
    return this.refs === 0 && this.live === 0 && this.inFlight === 0 && this.lane === null
  }
}
