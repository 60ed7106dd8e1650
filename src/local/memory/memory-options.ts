import type { KeptListsOptions } from './kept-lists.js'

export interface MemoryOptions {
  /** What the cache may hold, in bytes as estimated by what things cost (memory.ts). What live generations know is not part of it. */
  readonly maxBytes: number
  /** Conversations of a user that are let go of at once. */
  readonly tierSize: number
  /** Conversations that are put away with up to so many messages keep the hashes of all their keys. */
  readonly exactIds: number
  /** Conversations of a user that are kept beside the list. */
  readonly keptAside: number
  readonly pack: KeptListsOptions['pack']
  /** Calls back when everything that runs now has come to its end. */
  readonly later: (task: () => void) => void
}
