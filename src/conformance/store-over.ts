import { MessageStore } from '../api/message-store.js'
import { resolveLimits } from '../limits.js'
import { systemClock } from '../platform/clock.js'
import type { OpenBackend } from './opened-backend.js'
import type { OpenStore } from './opened-store.js'

/** The store as it is over a backend, with the default settings. */
export function storeOver(open: OpenBackend): OpenStore {
  return async () => {
    const { backend, settle, dispose } = await open()
    const settings = { limits: resolveLimits(), clock: systemClock, usersMode: 'open' } as const
    return { store: new MessageStore(backend, settings), settle, dispose }
  }
}
