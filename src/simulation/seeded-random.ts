import type { SeededChance } from '../backend/reference/seeded-chance.js'
import type { Random } from '../platform/random.js'

/** Bytes that the seed decides. */
export class SeededRandom implements Random {
  readonly #chance: SeededChance

  constructor(chance: SeededChance) {
    this.#chance = chance
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count)
    for (let i = 0; i < count; i++) bytes[i] = this.#chance.below(256)
    return bytes
  }
}
