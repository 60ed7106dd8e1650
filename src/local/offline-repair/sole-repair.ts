import { join } from 'node:path'
import { ColumbaError } from '../../errors.js'
import { lockName } from '../../formats/lock-record.js'
import { repairGuardName } from '../../formats/repair-names.js'
import { shardIndex, shardsDirectory } from '../../formats/shard-names.js'
import type { FileSystem } from '../../platform/file-system.js'
import { holdLevel, isLevelHeld } from '../shards/level-holder.js'
import type { StoreLock } from '../store-lock/store-lock.js'

/** A closed store, and its lock, which this process has. */
export interface LockedStore {
  /** The store's directory. */
  readonly location: string
  readonly fileSystem: FileSystem
  readonly lock: StoreLock
}

export interface SoleRepairParts extends LockedStore {
  readonly removeTree: (path: string) => Promise<void>
}

/**
 * The proof that nobody else has a store that is repaired. The store's lock alone proves nothing towards other process
 * namespaces (containers): a lock of theirs is taken over, and they take over ours. What is certain between them is
 * LevelDB's kernel lock, but a repair opens no shard of the store, which may be damaged, so it has none on them. Hence
 *
 *  - before anything else LevelDB is asked for each shard, if a lock was taken over: whoever has the store has those;
 *  - a LevelDB of the repair's own, the *guard*, is open as long as it runs, and another repair asks for that;
 *  - with the report written, which keeps everybody from opening, and before the first part changes places, the store's
 *    lock is looked at and LevelDB asked once more. Who opens takes the lock first and looks for the report then; here it
 *    is the other way round. So of a repair and an opening that meet at least one sees the other, and gives up.
 */
export class SoleRepair {
  readonly #parts: SoleRepairParts
  readonly #guard: { close(): Promise<void> }

  private constructor(parts: SoleRepairParts, guard: { close(): Promise<void> }) {
    this.#parts = parts
    this.#guard = guard
  }

  /** Rejects with LOCKED if somebody has the store, or is repairing it. */
  static async begin(parts: SoleRepairParts): Promise<SoleRepair> {
    const { location, fileSystem, lock, removeTree } = parts
    if (lock.replaced !== null) await assertNotOpen(parts)
    const path = join(location, repairGuardName)
    if (await isHeld(path, parts)) throw held(parts)
    await fileSystem.makeDirectory(path)
    const guard = await holdLevel(path).catch(async () => {
      // What an interrupted repair has left there may be damaged.
      await removeTree(path)
      await fileSystem.makeDirectory(path)
      return holdLevel(path)
    })
    if (guard === null) throw held(parts)
    return new SoleRepair(parts, guard)
  }

  /** IMPORTANT: after the report, before the exchange. Rejects with LOCKED. */
  assertAlone(): Promise<void> {
    return assertAlone(this.#parts)
  }

  async end(): Promise<void> {
    const { location, removeTree } = this.#parts
    await this.#guard.close()
    // What stays there is empty, and goes with the next repair.
    await removeTree(join(location, repairGuardName)).catch(() => undefined)
  }
}

/** LOCKED if the lock was taken over meanwhile, or somebody has the store's shards. */
export async function assertAlone(store: LockedStore): Promise<void> {
  if (!(await store.lock.isHeld())) throw taken(store)
  await assertNotOpen(store)
}

/** LOCKED if somebody has the store's shards, as LevelDB knows: to be asked where a lock was taken over. */
export async function assertNotOpen(parts: LockedStore): Promise<void> {
  const directory = join(parts.location, shardsDirectory)
  if ((await parts.fileSystem.stat(directory))?.directory !== true) return
  for (const name of await parts.fileSystem.list(directory))
    if (shardIndex(name) !== null && (await isHeld(join(directory, name), parts))) throw held(parts)
}

async function isHeld(path: string, { fileSystem }: LockedStore): Promise<boolean> {
  if ((await fileSystem.stat(path))?.directory !== true) return false
  try {
    return await isLevelHeld(path)
  } catch (error) {
    const file = join(path, 'LOCK')
    throw new ColumbaError(
      'LOCKED',
      `it is unknown whether the store is open: ${file} cannot be locked`,
      { file },
      error,
    )
  }
}

function held({ lock, location }: LockedStore): ColumbaError {
  const file = join(location, lockName)
  return (
    lock.replacedHolder() ??
    new ColumbaError('LOCKED', 'the store is open, though its lock file names no holder', { file })
  )
}

function taken({ location }: LockedStore): ColumbaError {
  const file = join(location, lockName)
  return new ColumbaError('LOCKED', `another process took ${file} over meanwhile; the store is as it was`, {
    file,
  })
}
