import { beyondEveryKey } from '../../formats/shard-identity.js'
import { isLevelLog } from '../../formats/shard-names.js'
import type { Clock } from '../../platform/clock.js'
import type { FileSystem } from '../../platform/file-system.js'
import type { CallSlots } from './call-slots.js'
import type { ShardDatabase } from './shard-database.js'

export interface EvidenceOptions {
  /** The shard's own directory. */
  readonly directory: string
  readonly database: ShardDatabase
  readonly fileSystem: FileSystem
  readonly clock: Clock
  readonly slots: CallSlots
}

/** What is waited before the second and the third try. */
const pausesMs = [200, 2000]

/**
 * Makes durable what the shard has accepted, and believes it only with evidence. The steps, whose order matters:
 *
 *  1. The caller has waited for all writes. Their rows lie in LevelDB's memory and in its present log files.
 *  2. The names of these log files are taken down.
 *  3. `compactRange` beyond every key makes LevelDB start a new log and turn its memory into a table file: it syncs the
 *     file, the directory and its own manifest, and only then removes the old log. Its promise resolves also when that
 *     failed, so it proves nothing.
 *  4. None of the names exists any more. That is the evidence: LevelDB never uses a number twice, and removes no log after
 *     an error.
 *  5. The directory is synced, so that the removal, and a new shard's first entries, outlast a power cut.
 *
 * Rejects when there is no evidence after three tries, and at once when the directory cannot be listed or synced.
 */
export async function flushWithEvidence(options: EvidenceOptions): Promise<void> {
  const { directory, database, fileSystem, clock, slots } = options
  const logs = async (): Promise<string[]> => (await fileSystem.list(directory)).filter(isLevelLog)
  const before = new Set(await logs())
  // Every open LevelDB has a log; without one this is not the directory that it writes to.
  if (before.size === 0) throw new Error(`${directory} has no log of LevelDB`)
  for (let tries = 0; ; tries++) {
    const failure = await slots.run(() => rejection(database.compactRange(beyondEveryKey, beyondEveryKey)))
    if ((await logs()).every((name) => !before.has(name))) break
    const pauseMs = pausesMs[tries]
    if (pauseMs === undefined)
      throw new Error(`${directory} still has a log from before the flush`, { cause: failure })
    await new Promise<void>((resolve) => clock.after(pauseMs, resolve, true))
  }
  await fileSystem.syncDirectory(directory)
}

async function rejection(call: Promise<void>): Promise<unknown> {
  try {
    await call
    return undefined
  } catch (error) {
    return error
  }
}
