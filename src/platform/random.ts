import { randomBytes } from 'node:crypto'

/**
 * Where secrets, store ids, epochs and generated message ids come from. While it throws, a call that needs an id, or opens a store,
 * is OVERLOADED, and a log that needs another segment fails: the store is POISONED.
 */
export interface Random {
  /** Exactly so many. */
  bytes(count: number): Uint8Array
}

export const systemRandom: Random = { bytes: (count) => randomBytes(count) }
