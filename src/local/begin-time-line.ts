import type { StoreComponents } from '../backend/settings.js'
import { settingsOfExisting, openLocalBackend } from './open-local-backend.js'

/**
 * Opens a store, lets a new time line begin, and closes it: tokens and list cursors from before are RESYNC_REQUIRED. After a
 * copy that is older than what clients have seen was put back, positions are given out again, and nothing in it tells their
 * tokens apart.
 */
export async function beginTimeLine(location: string, components: StoreComponents): Promise<void> {
  const backend = await openLocalBackend(settingsOfExisting(location), components, { newTimeLine: true })
  await backend.close()
}
