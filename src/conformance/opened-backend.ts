import type { Backend } from '../backend/port.js'

/** A backend that was opened for one case, empty. */
export interface OpenedBackend {
  readonly backend: Backend
  /** Waits until every user sees everything that was written. Needed where `visibility` is `repaired`. */
  readonly settle?: () => Promise<void>
  /** Closes the backend and opens another on the same data. Left out where nothing outlives a close. */
  readonly reopen?: () => Promise<Backend>
  /** Takes away what opening left behind, after the backend was closed. */
  readonly dispose?: () => Promise<void>
}

export type OpenBackend = () => Promise<OpenedBackend>
