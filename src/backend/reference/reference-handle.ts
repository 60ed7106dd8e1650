import type { GroupState } from '../../model/group.js'
import type { ConversationId, UserId } from '../../model/ids.js'
import type { ConversationHandle } from '../port.js'
import type { ConversationState } from './conversation-state.js'
import { otherOf } from './events.js'
import type { Pair } from './events.js'

/** A handle is a copy of what the conversation was when its backend last looked. */
export class ReferenceHandle implements ConversationHandle {
  readonly id: ConversationId
  kind: 'direct' | 'group' | null = null
  loaded = false
  pair: Pair | null = null
  head = 0
  durableHead = 0
  group: GroupState | null = null
  lane: object | null = null
  marking: object | null = null
  #blockers: ReadonlySet<UserId> = new Set()

  constructor(id: ConversationId) {
    this.id = id
  }

  isBlocked(sender: UserId): boolean {
    return this.pair !== null && this.#blockers.has(otherOf(this.pair, sender))
  }

  /** Takes over what the state says; `durableHead` is the backend's to set. */
  show(state: ConversationState): void {
    this.pair = state.pair
    this.group = state.group
    this.kind = state.pair !== null ? 'direct' : state.group !== null ? 'group' : null
    this.head = state.head
    this.#blockers = new Set(state.blockers)
  }
}
