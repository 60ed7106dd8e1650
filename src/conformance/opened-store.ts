import type { MessageStore } from '../api/message-store.js'
import type { StoreStats } from '../backend/port.js'

/** A store that was opened for one case, empty; the others as for a backend. */
export interface OpenedStore {
  readonly store: MessageStore<StoreStats>
  /** Closes the store and opens another on the same data. */
  readonly reopen?: (() => Promise<MessageStore<StoreStats>>) | undefined
  readonly settle?: (() => Promise<void>) | undefined
  readonly dispose?: (() => Promise<void>) | undefined
}

export type OpenStore = () => Promise<OpenedStore>
