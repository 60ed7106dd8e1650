import type { MessageStore } from '../api/message-store.js'

/** A store that was opened for one case, empty; the others as for a backend. */
export interface OpenedStore {
  readonly store: MessageStore
  readonly settle?: (() => Promise<void>) | undefined
  readonly dispose?: (() => Promise<void>) | undefined
}

export type OpenStore = () => Promise<OpenedStore>
