import { join } from 'node:path'
import { ColumbaError, isColumbaError } from '../../errors.js'
import {
  beyondEveryKey,
  decodeIdentity,
  decodeShardCheckpoint,
  encodeIdentity,
  encodeShardCheckpoint,
  identityKey,
  type ShardCheckpoint,
  shardCheckpointKey,
  type ShardIdentity,
} from '../../formats/shard-identity.js'
import { levelCurrent, shardIndex, shardName, shardsDirectory } from '../../formats/shard-names.js'
import type { Clock } from '../../platform/clock.js'
import type { FileSystem } from '../../platform/file-system.js'
import type { CallSlots } from './call-slots.js'
import { flushWithEvidence } from './checkpoint-evidence.js'
import { fromLevel, fromOpening } from './level-error.js'
import type { ShardDatabase, ShardOpener, ShardOpenOptions } from './shard-database.js'
import type { ShardTuning } from './shard-tuning.js'

/** What opening and making shards needs of the world. */
export interface ShardWorld {
  /** The store's directory. */
  readonly directory: string
  readonly fileSystem: FileSystem
  readonly clock: Clock
  readonly opener: ShardOpener
  readonly slots: CallSlots
  readonly tuning: ShardTuning
  /**
   * Called once LevelDB's own lock of a shard is held, before anything is made of what lies there, and before anything is
   * removed. Its rejection is that of the opening.
   */
  readonly onLocked?: (() => Promise<void>) | undefined
}

export interface OpenedShard {
  readonly directory: string
  readonly database: ShardDatabase
  readonly checkpoint: ShardCheckpoint
}

const damaged = (shard: number, file: string, what: string): ColumbaError =>
  new ColumbaError('CORRUPT', `${file} ${what}; put the right directory back, or restore the whole store`, {
    shard,
    file,
  })

const shardDirectory = (store: string, index: number): string =>
  join(store, shardsDirectory, shardName(index))

/** CORRUPT if a shard's directory is missing, or one is there that does not belong to the store. Other names are ignored. */
export async function assertShardDirectories(
  { directory, fileSystem }: ShardWorld,
  count: number,
): Promise<void> {
  const parent = join(directory, shardsDirectory)
  const names = (await fileSystem.stat(parent))?.directory === true ? await fileSystem.list(parent) : []
  const found = new Set(names.map(shardIndex))
  for (let index = 0; index < count; index++) {
    if (!found.has(index)) throw damaged(index, shardDirectory(directory, index), 'is missing')
  }
  for (const index of found) {
    if (index !== null && index >= count) {
      throw damaged(index, shardDirectory(directory, index), `is one too many, the store has ${count}`)
    }
  }
}

/**
 * Makes a shard, durably but for the entry of its directory in `shards`, which the caller syncs. What an interrupted
 * creation left is emptied.
 *
 * IMPORTANT: only behind LevelDB's own lock. Another container may be creating the same store, and then nothing else says
 * so. `LOCK` is never removed either: whoever has locked it, and who locks a new one, would both believe to be alone.
 */
export async function createShard(
  world: ShardWorld,
  identity: ShardIdentity,
  epoch: number,
): Promise<OpenedShard> {
  const { fileSystem, slots, clock } = world
  const directory = shardDirectory(world.directory, identity.index)
  await fileSystem.makeDirectory(directory)
  const database = await openOrBegin(world, directory, identity.index)
  try {
    await world.onLocked?.()
    const checkpoint = { position: 0, epoch }
    const batch = database.batch()
    for (const key of await ownKeysOf(database, directory, identity.index)) batch.del(key)
    batch.put(identityKey, encodeIdentity(identity))
    batch.put(shardCheckpointKey, encodeShardCheckpoint(checkpoint))
    await batch.write()
    await flushWithEvidence({ directory, database, fileSystem, clock, slots })
    return { directory, database, checkpoint }
  } catch (error) {
    await database.close()
    throw fromLevel(error, identity.index)
  }
}

/**
 * A LevelDB that lost power before its directory was synced can never be opened again. Without `CURRENT` it counts as
 * none, and the next opening begins a new one in its place, with the same lock.
 *
 * Nothing is locked while `CURRENT` is taken away, so this is done only if nobody has the database open, and a moment after
 * that was seen; and it is put back if somebody came in that moment, which may be long for a process that was stopped. The moment
 * matters for the first shard alone: all others are made by whoever holds that one.
 */
async function openOrBegin(world: ShardWorld, directory: string, index: number): Promise<ShardDatabase> {
  const { fileSystem, opener, tuning } = world
  const options = { ...tuning, create: true }
  try {
    return await open(opener, directory, index, options)
  } catch (error) {
    if (!isColumbaError(error, 'CORRUPT')) throw error
    await world.onLocked?.()
    const current = join(directory, levelCurrent)
    if ((await fileSystem.stat(current)) === null) throw error
    await fileSystem.rename(current, `${current}.old`)
    try {
      return await open(opener, directory, index, options)
    } catch (again) {
      // Somebody has it by now, and made it before this took it away.
      if (isColumbaError(again, 'LOCKED')) await fileSystem.rename(`${current}.old`, current)
      throw again
    }
  }
}

/**
 * What an interrupted creation has written is little: a shard gets rows of users only when all of them are made. CORRUPT if it
 * has any: then it is the manifest that is not the store's, and nothing is removed.
 */
async function ownKeysOf(database: ShardDatabase, directory: string, index: number): Promise<Buffer[]> {
  const rows = database.iterator({
    gte: Buffer.alloc(0),
    lt: beyondEveryKey,
    reverse: false,
    limit: Infinity,
    fillCache: false,
    highWaterMarkBytes: 65_536,
  })
  const keys: Buffer[] = []
  try {
    for (;;) {
      const some = await rows.nextv(1000)
      if (some.length === 0) return keys
      for (const [key] of some) {
        if (key[0] !== 0)
          throw damaged(index, directory, 'has rows, and the manifest says that it is not made yet')
        keys.push(key)
      }
    }
  } finally {
    await rows.close()
  }
}

/** Opens a shard that is there, and makes sure that it is this one and not older than the manifest says. */
export async function openShard(
  world: ShardWorld,
  expected: ShardIdentity,
  minimum: number,
): Promise<OpenedShard> {
  const directory = shardDirectory(world.directory, expected.index)
  const database = await open(world.opener, directory, expected.index, { ...world.tuning, create: false })
  try {
    await world.onLocked?.()
    const checkpoint = await readCheckpoint(database, directory, expected)
    if (checkpoint.position < minimum) {
      const older = `is from an older copy: it ends at ${checkpoint.position}, the store is at ${minimum}`
      throw damaged(expected.index, directory, older)
    }
    return { directory, database, checkpoint }
  } catch (error) {
    await database.close()
    throw fromLevel(error, expected.index)
  }
}

async function open(
  opener: ShardOpener,
  directory: string,
  index: number,
  options: ShardOpenOptions,
): Promise<ShardDatabase> {
  try {
    return await opener(directory, options)
  } catch (error) {
    throw fromOpening(error, index)
  }
}

async function readCheckpoint(
  database: ShardDatabase,
  directory: string,
  expected: ShardIdentity,
): Promise<ShardCheckpoint> {
  const { index } = expected
  const [identityRow, checkpointRow] = await database.getMany([identityKey, shardCheckpointKey], {})
  const identity = identityRow === undefined ? null : decodeIdentity(identityRow, index)
  const checkpoint = checkpointRow === undefined ? null : decodeShardCheckpoint(checkpointRow, index)
  if (identity === null || checkpoint === null)
    throw damaged(index, directory, 'does not say which shard it is')
  if (!same(identity.storeId, expected.storeId)) throw damaged(index, directory, 'belongs to another store')
  if (identity.index !== index) throw damaged(index, directory, `is shard ${identity.index}, not ${index}`)
  if (!same(identity.shardId, expected.shardId))
    throw damaged(index, directory, 'is another shard than the manifest names')
  return checkpoint
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0
