import { join } from 'node:path'
import { openMessageStore, type MessageStore } from '../index.js'
import { nodeFileSystem } from '../platform/node-file-system.js'

/** Opens a store that is there, and never makes one. Takes the store's lock and recovers what was not closed. */
export async function openExisting(directory: string): Promise<MessageStore> {
  // Shards without a manifest are a store that has lost it: opening says so.
  const found = await Promise.all(
    ['MANIFEST', 'shards'].map((name) => nodeFileSystem.stat(join(directory, name))),
  )
  if (found.every((one) => one === null)) throw new Error(`${directory} is not a store: it has no MANIFEST`)
  return openMessageStore({ location: directory })
}
