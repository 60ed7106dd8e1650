import { randomBytes } from 'node:crypto'

/** Where secrets, store ids, epochs and generated message ids come from. Calls that need bytes while it throws are OVERLOADED. */
export interface Random {
  /** Exactly so many. */
  bytes(count: number): Uint8Array
}

export const systemRandom: Random = { bytes: (count) => randomBytes(count) }
