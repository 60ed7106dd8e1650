import { join } from 'node:path'
import { repairName, repairReportName } from '../formats/repair-names.js'
import { shardsDirectory } from '../formats/shard-names.js'
import { manifestName } from '../formats/store-names.js'
import { openMessageStore, type LocalMessageStore } from '../index.js'
import { guardLocation } from '../local/open-local-backend.js'
import { nodeFileSystem } from '../platform/node-file-system.js'

/** Opens a store that is there, and never makes one. Takes the store's lock and recovers what was not closed. */
export async function openExisting(directory: string): Promise<LocalMessageStore> {
  await assertStore(directory)
  return openMessageStore({ location: directory })
}

/** Refuses a directory that is none. Shards without a manifest are a store that has lost it: opening says so. */
export function assertStore(directory: string): Promise<void> {
  return guardLocation(() => assertStoreIn(directory))
}

async function assertStoreIn(directory: string): Promise<void> {
  const place = await nodeFileSystem.stat(directory)
  if (place?.directory !== true)
    throw new Error(`${directory} is ${place === null ? 'not there' : 'not a directory'}`)
  const parts = [manifestName, shardsDirectory, join(repairName, repairReportName)]
  const found = await Promise.all(parts.map((name) => nodeFileSystem.stat(join(directory, name))))
  if (found.every((one) => one === null))
    throw new Error(`${directory} is not a store: it has no ${manifestName}`)
}
