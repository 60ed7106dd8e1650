import type { StoreComponents } from '../backend/settings.js'
import { resolveLimits } from '../limits.js'
import { openLocalBackend } from './open-local-backend.js'

/**
 * Opens a store, lets a new time line begin, and closes it: tokens and list cursors of before are RESYNC_REQUIRED. Behind a copy
 * that is older than what clients have seen, positions are given out again, and nothing in it tells their tokens apart.
 */
export async function beginTimeLine(location: string, components: StoreComponents): Promise<void> {
  const settings = {
    location,
    shards: undefined,
    virtualNodes: undefined,
    syncEveryMs: 0,
    cacheBytes: 1 << 20,
    cacheTierSize: 15,
    limits: resolveLimits(),
  }
  const backend = await openLocalBackend(settings, components, { newTimeLine: true })
  await backend.close()
}
