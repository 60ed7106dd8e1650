import type { CheckedStore } from '../model-checking/store-under-test.js'

/** What the clients of a history need of a store: any backend behind these few methods. */
export interface HistoryHost {
  /** Opens the store; at first empty, later with what was there. */
  open(): Promise<CheckedStore>
  /** Lets the store that is open fail in the middle of its work, so that outcomes become unknown. Left out where it cannot. */
  crash?(): void
  /** Resolves when every view shows everything acknowledged; for backends whose projections come later. */
  settle?(): Promise<void>
  /** True if everybody sees a message as soon as it is acknowledged. */
  readonly atOnce: boolean
}

/** How much traffic there is. The same numbers give the same calls; how they interleave is up to the store. */
export interface TrafficOptions {
  readonly seed: number
  /** Default 6. */
  readonly users?: number
  /** Clients at work at a time; each acts for one user after the other. Default 8. */
  readonly clients?: number
  /** Default 40. */
  readonly callsPerClient?: number
  /** Groups of all users, beside the direct conversations. Default 1. */
  readonly groups?: number
  /** How often the store is closed, or made to crash, and opened again meanwhile; the host must be able to. Default 0. */
  readonly interruptions?: number
}
