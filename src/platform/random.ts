import { randomBytes } from 'node:crypto'

/** Where secrets, store ids, epochs and generated message ids come from. */
export interface Random {
  bytes(count: number): Uint8Array
}

export const systemRandom: Random = { bytes: (count) => randomBytes(count) }
