import type { MessageStore } from '../api/message-store.js'

/** A store that was opened for one case, empty; the others as for a backend. */
export interface OpenedStore {
  readonly store: MessageStore
  /** Closes the store and opens another on the same data. */
  readonly reopen?: (() => Promise<MessageStore>) | undefined
  readonly settle?: (() => Promise<void>) | undefined
  readonly dispose?: (() => Promise<void>) | undefined
}

export type OpenStore = () => Promise<OpenedStore>
