import type { KeptListsOptions } from './kept-lists.js'

export interface MemoryOptions {
  /**
   * What the cache may hold, in bytes as estimated by what things cost (memory.ts). What live generations know is no part of
   * it.
   */
  readonly maxBytes: number
  /** Conversations of a user that are let go of at once. */
  readonly tierSize: number
  /** Parked conversations with up to so many messages keep the hashes of all their keys. */
  readonly exactIds: number
  /** Conversations of a user that are kept beside the list. */
  readonly keptAside: number
  readonly pack: KeptListsOptions['pack']
  /** Calls back when everything that runs now has come to its end. */
  readonly later: (task: () => void) => void
}

/** Parts of the cache, of `maxBytes` where nothing else is said. */
export const shares = {
  /** What is live makes the cache smaller, so that both together keep a limit as long as they can, but by no more than this. */
  live: 1 / 2,
  /** Messages as objects. */
  messages: 1 / 4,
  /** Conversations of lists as objects. */
  hot: 1 / 8,
  /** Parked conversations; and the same as a part of what is left besides what is live. */
  parked: 1 / 2,
  parkedOfRoom: 3 / 4,
} as const
