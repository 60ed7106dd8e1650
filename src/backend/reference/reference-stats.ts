import type { StoreStats } from '../port.js'

/** What the reference backends count besides. */
export interface ReferenceStats extends StoreStats {
  readonly content: {
    readonly users: number
    readonly conversations: number
    readonly messages: number
  }
  /** Of the one whose views come later. */
  readonly projections?: { readonly pending: number }
}
