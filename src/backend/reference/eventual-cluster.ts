import type { ConversationId, UserId } from '../../model/ids.js'
import { systemClock } from '../../platform/clock.js'
import type { Clock } from '../../platform/clock.js'
import { systemRandom } from '../../platform/random.js'
import type { Random } from '../../platform/random.js'
import { ConversationState } from './conversation-state.js'
import type { Pair } from './events.js'
import { PositionTokens } from './position-tokens.js'
import { Projections } from './projections.js'
import { SeededChance } from './seeded-chance.js'
import { StoreTime } from './store-time.js'

export interface EventualOptions {
  readonly clock?: Clock
  readonly random?: Random
  /** Decides what moves and what is late. Default 1. */
  readonly seed?: number
  /** How often a write is answered by `moved` although nobody else wrote. Default 0.2; below 1. */
  readonly moved?: number
  /** How late, in milliseconds, the next event may reach a user. Default 2. */
  readonly maxDelayMs?: number
}

/** What the servers of one store share: it stands for the database cluster behind them. */
export class EventualCluster {
  readonly time: StoreTime
  readonly random: Random
  readonly tokens: PositionTokens
  readonly projections: Projections
  readonly states = new Map<ConversationId, ConversationState>()
  readonly #chance: SeededChance
  readonly #moved: number

  constructor({
    clock = systemClock,
    random = systemRandom,
    seed = 1,
    moved = 0.2,
    maxDelayMs = 2,
  }: EventualOptions) {
    this.time = new StoreTime(clock)
    this.random = random
    this.tokens = new PositionTokens(random.bytes(8))
    this.#chance = new SeededChance(seed)
    this.#moved = moved
    this.projections = new Projections(clock, this.#chance, maxDelayMs)
  }

  state(id: ConversationId): ConversationState {
    return this.#state(id, null)
  }

  /** The state of a direct conversation; it is there from the first time that somebody asks for the pair. */
  direct(id: ConversationId, pair: Pair): ConversationState {
    const known = this.#state(id, pair)
    if (known.pair !== null) return known
    const made = new ConversationState(id, pair)
    this.states.set(id, made)
    return made
  }

  /** True for a write that shall be refused for no reason that can be seen. */
  moves(): boolean {
    return this.#chance.happens(this.#moved)
  }

  participants(id: ConversationId): readonly UserId[] {
    return this.#state(id, null).participants()
  }

  #state(id: ConversationId, pair: Pair | null): ConversationState {
    const known = this.states.get(id)
    if (known !== undefined) return known
    const made = new ConversationState(id, pair)
    this.states.set(id, made)
    return made
  }
}
