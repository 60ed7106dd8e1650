import type { ConversationId, MessageId } from '../../model/ids.js'
import { ConversationState } from './conversation-state.js'
import type { Pair } from './events.js'
import { logicalClock } from './logical-clock.js'
import type { WallClock } from './logical-clock.js'
import { messageIds } from './message-ids.js'
import { PositionTokens } from './position-tokens.js'
import { Projections } from './projections.js'
import { SeededChance } from './seeded-chance.js'
import { nextStoreId } from './store-ids.js'
import { StoreTime } from './store-time.js'

export interface EventualOptions {
  /** Default: one that goes on by a millisecond at each look. */
  readonly clock?: WallClock
  /** Decides what moves and what is late. Default 1. */
  readonly seed?: number
  /** How often a write is answered by MOVED although nobody else wrote. Default 0.2; below 1. */
  readonly moved?: number
  /** How late the next events reach a user at most, in turns of the queue of microtasks. Default 40. */
  readonly maxDelayTurns?: number
}

/** What the servers of one store share: it stands for the database cluster behind them. */
export class EventualCluster {
  readonly time: StoreTime
  readonly newMessageId: () => MessageId
  readonly tokens = new PositionTokens(nextStoreId())
  readonly projections: Projections
  readonly states = new Map<ConversationId, ConversationState>()
  readonly #chance: SeededChance
  readonly #moved: number

  constructor({ clock = logicalClock(), seed = 1, moved = 0.2, maxDelayTurns = 40 }: EventualOptions = {}) {
    this.time = new StoreTime(clock)
    this.newMessageId = messageIds(clock)
    this.#chance = new SeededChance(seed)
    this.#moved = moved
    this.projections = new Projections(this.#chance, maxDelayTurns)
  }

  state(id: ConversationId): ConversationState {
    const known = this.states.get(id)
    return known ?? this.#begin(id, null)
  }

  /** The state of a direct conversation; it is there from the first time that somebody asks for the pair. */
  direct(id: ConversationId, pair: Pair): ConversationState {
    const known = this.states.get(id)
    return known === undefined || known.pair === null ? this.#begin(id, pair) : known
  }

  /** True for a write that is to be answered by MOVED though nobody else wrote. */
  moves(): boolean {
    return this.#chance.happens(this.#moved)
  }

  #begin(id: ConversationId, pair: Pair | null): ConversationState {
    const begun = new ConversationState(id, pair)
    this.states.set(id, begun)
    return begun
  }
}
