import type { Backend } from '../backend/port.js'

/** A backend that was opened for one case, empty. */
export interface OpenedBackend {
  readonly backend: Backend
  /** Waits until every user sees everything that was written. Needed where `visibility` is `repaired`. */
  readonly settle?: () => Promise<void>
  /** Closes the backend and opens another on the same data. Left out where nothing outlives a close. */
  readonly reopen?: () => Promise<Backend>
  /** Opens one more backend on the same data, as another server would. Left out where a backend is the only writer. */
  readonly beside?: () => Promise<Backend>
  /**
   * Makes the backend crash, whatever is under way, and opens what is left: a crash of a kind that its durability survives. Nobody asks
   * or closes the one that crashed any more, and its promises need not settle. Left out where no crash can be made.
   */
  readonly crash?: () => Promise<Backend>
  /** Takes away what opening left behind, after the backend was closed. */
  readonly dispose?: () => Promise<void>
}

/** What only some backends can be opened with, and some cases need. */
export type CaseNeeds = 'beside' | 'crash'

export type OpenBackend = () => Promise<OpenedBackend>
