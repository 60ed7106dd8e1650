import { resolve } from 'node:path'
import type { VerifyOptions, VerifyReport } from '../../backend/port.js'
import type { StoreComponents } from '../../backend/settings.js'
import { systemProcess } from '../../platform/process-identity.js'
import { systemError } from '../../platform/system-errors.js'
import { ManifestFile } from '../manifest-file.js'
import { guardLocation } from '../open-local-backend.js'
import { StoreLock } from '../store-lock/store-lock.js'
import { Findings } from '../verification/findings.js'
import { closedTables } from './damaged-tables.js'
import { assertAlone, assertNotOpen, type LockedStore } from './sole-repair.js'

/**
 * What a verification says of the tables of a store that nobody has open, without opening it: LevelDB aborts the process over
 * some damage of them. Has the store's lock meanwhile, and rejects with LOCKED: tables of an open store come and go, and what is
 * said of them is worth nothing. Rejects as opening does with what the manifest, or an interrupted repair, speaks against.
 */
export async function verifyTables(
  given: string,
  { fileSystem, clock, random }: StoreComponents,
  { onProgress }: VerifyOptions = {},
): Promise<VerifyReport> {
  const directory = resolve(given)
  const lock = await guardLocation(() =>
    StoreLock.acquire({ directory, fileSystem, clock, random, process: systemProcess }),
  )
  try {
    return await verifyLocked({ location: directory, fileSystem, lock }, onProgress)
  } catch (error) {
    throw systemError(error)
  }
}

/** Releases the lock. */
async function verifyLocked(
  store: LockedStore,
  onProgress: VerifyOptions['onProgress'],
): Promise<VerifyReport> {
  const { location, fileSystem, lock } = store
  const findings = new Findings()
  let items = 0
  try {
    const manifest = await new ManifestFile(fileSystem, location).read()
    // The opening makes the shards anew of a store that was never open.
    const shards = manifest?.created === true ? manifest.shardIds.length : 0
    if (lock.replaced !== null) await assertNotOpen(store)
    for await (const { shard, name, isSound } of closedTables(fileSystem, location, shards)) {
      findings.countTable(shard, name, isSound)
      onProgress?.({ part: 'tables', items: ++items, total: null })
    }
    // A process in another container may have opened it since.
    if (!findings.report.ok) await assertAlone(store)
  } finally {
    await lock.release({ giveBack: true })
  }
  return findings.report
}
