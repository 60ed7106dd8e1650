import { join } from 'node:path'
import { ColumbaError } from '../../errors.js'
import {
  decodeIdentity,
  decodeShardCheckpoint,
  encodeIdentity,
  encodeShardCheckpoint,
  identityKey,
  type ShardCheckpoint,
  shardCheckpointKey,
  type ShardIdentity,
} from '../../formats/shard-identity.js'
import { shardIndex, shardName, shardsDirectory } from '../../formats/shard-names.js'
import type { Clock } from '../../platform/clock.js'
import type { FileSystem } from '../../platform/file-system.js'
import type { CallSlots } from './call-slots.js'
import { flushWithEvidence } from './checkpoint-evidence.js'
import { fromLevel } from './level-error.js'
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
 * creation left is removed: a LevelDB that lost power before its directory was synced can never be opened again.
 */
export async function createShard(
  world: ShardWorld,
  identity: ShardIdentity,
  epoch: number,
): Promise<OpenedShard> {
  const { fileSystem, opener, slots, clock, tuning } = world
  const directory = shardDirectory(world.directory, identity.index)
  await fileSystem.makeDirectory(directory)
  for (const name of await fileSystem.list(directory)) await fileSystem.unlink(join(directory, name))
  const database = await open(opener, directory, identity.index, { ...tuning, create: true })
  try {
    const checkpoint = { position: 0, epoch }
    const batch = database.batch()
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

/** Opens a shard that is there, and makes sure that it is this one and not older than the manifest says. */
export async function openShard(
  world: ShardWorld,
  expected: ShardIdentity,
  minimum: number,
): Promise<OpenedShard> {
  const directory = shardDirectory(world.directory, expected.index)
  const database = await open(world.opener, directory, expected.index, { ...world.tuning, create: false })
  try {
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
    throw fromLevel(error, index)
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
