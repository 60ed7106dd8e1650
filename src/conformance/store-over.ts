import { MessageStore } from '../api/message-store.js'
import type { Backend } from '../backend/port.js'
import { resolveLimits } from '../limits.js'
import { systemClock } from '../platform/clock.js'
import type { OpenBackend } from './opened-backend.js'
import type { OpenStore } from './opened-store.js'

/** The store as it is over a backend, with the default settings. */
export function storeOver(open: OpenBackend): OpenStore {
  return async () => {
    const { backend, settle, reopen, dispose } = await open()
    const settings = { limits: resolveLimits(), clock: systemClock, usersMode: 'open' } as const
    let store = new MessageStore(backend, settings)
    const again = async (reopenBackend: () => Promise<Backend>): Promise<MessageStore> => {
      await store.close()
      store = new MessageStore(await reopenBackend(), settings)
      return store
    }
    return { store, settle, dispose, reopen: reopen === undefined ? undefined : () => again(reopen) }
  }
}
