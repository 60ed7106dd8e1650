import { join } from 'node:path'
import type { ShardStats } from '../../backend/local-stats.js'
import type { ColumbaError } from '../../errors.js'
import {
  encodeShardCheckpoint,
  type ShardCheckpoint,
  shardCheckpointKey,
  type ShardIdentity,
} from '../../formats/shard-identity.js'
import { shardsDirectory } from '../../formats/shard-names.js'
import type { Clock } from '../../platform/clock.js'
import type { FileSystem } from '../../platform/file-system.js'
import type { ReadPace } from '../../platform/read-pace.js'
import { CallSlots } from './call-slots.js'
import type { ShardOpener } from './shard-database.js'
import { ShardFailure } from './shard-failure.js'
import {
  assertShardDirectories,
  createShard,
  type OpenedShard,
  openShard,
  type ShardWorld,
} from './shard-opening.js'
import { Shard } from './shard.js'
import type { ShardTuning } from './shard-tuning.js'

export interface ShardSetOptions {
  /** The store's directory. The store lock is held. */
  readonly directory: string
  readonly storeId: Uint8Array
  readonly shardIds: readonly Uint8Array[]
  readonly fileSystem: FileSystem
  readonly clock: Clock
  readonly opener: ShardOpener
  /** Threads of libuv's pool, of which slow calls leave some free (call-slots.ts). */
  readonly threadPoolSize: number
  readonly tuning: ShardTuning
  /** Whether small reads are made at once. Default: never. */
  readonly pace?: ReadPace
  /** Called once, at the first write or checkpoint that failed, with POISONED: nothing is written any more. Reads go on. */
  readonly onFailure: (error: ColumbaError) => void
  /** See `ShardWorld`. */
  readonly onLocked?: () => Promise<void>
}

/** All shards of a store: databases that are only ever caches of the log up to their last checkpoint. */
export class ShardSet {
  readonly shards: readonly Shard[]
  /** What the shards said of themselves when they were opened: all records up to there are in them. */
  readonly checkpoints: readonly ShardCheckpoint[]
  readonly #failure: ShardFailure
  #lastCheckpoint: Promise<void> = Promise.resolve()

  private constructor({ shards, checkpoints, failure }: Parts) {
    this.shards = shards
    this.checkpoints = checkpoints
    this.#failure = failure
  }

  /**
   * Makes all shards, durably, over what an interrupted creation has left in them, which is removed. Only for a store whose
   * manifest says that it was never created: CORRUPT, and nothing is removed, where a shard has rows of users all the same.
   */
  static async create(options: ShardSetOptions, epoch: number): Promise<ShardSet> {
    const { directory, fileSystem } = options
    const parent = join(directory, shardsDirectory)
    const world = worldOf(options)
    await fileSystem.makeDirectory(parent)
    await fileSystem.syncDirectory(directory)
    const set = new ShardSet(
      await eachShard(options, world, (identity) => createShard(world, identity, epoch)),
    )
    try {
      // Of somebody who wanted another number of them, and was overtaken: every later opening would refuse them.
      await assertShardDirectories(world, options.shardIds.length)
      await fileSystem.syncDirectory(parent)
      return set
    } catch (error) {
      await set.close()
      throw error
    }
  }

  /**
   * Opens all shards of a store. CORRUPT for one that is missing, one too many, damaged, swapped, of another store, or whose
   * checkpoint is below `minimum`, the manifest's. After a rejection none is open.
   */
  static async open(options: ShardSetOptions, minimum: number): Promise<ShardSet> {
    const world = worldOf(options)
    await assertShardDirectories(world, options.shardIds.length)
    return new ShardSet(await eachShard(options, world, (identity) => openShard(world, identity, minimum)))
  }

  /** The first failure, or null. */
  get failed(): ColumbaError | null {
    return this.#failure.error
  }

  /** Another writer to the same databases has failed: nothing is written through these handles any more. */
  distrust(error: ColumbaError): void {
    this.#failure.adopt(error)
  }

  shard(index: number): Shard {
    const shard = this.shards[index]
    if (shard === undefined) throw new RangeError(`no shard ${index}`)
    return shard
  }

  /** Resolves when all rows handed to the writers so far have been accepted; not durable yet. Rejects with POISONED. */
  async flush(): Promise<void> {
    await all(this.shards.map((shard) => shard.writer.flush()))
  }

  /**
   * Makes durable, one shard after the other, what was handed to the writers, and says in each shard that all records up
   * to `position` are in it: the caller has handed their rows over. Resolves with evidence; rejects with POISONED. A call
   * during another one waits for it.
   */
  checkpoint(checkpoint: ShardCheckpoint): Promise<void> {
    const row = encodeShardCheckpoint(checkpoint)
    const run = async (): Promise<void> => {
      for (const shard of this.shards) await shard.checkpoint(shardCheckpointKey, row)
    }
    // A failed one has failed all shards for good, which the next one finds by itself.
    const done = this.#lastCheckpoint.then(run, run)
    this.#lastCheckpoint = done.catch(() => undefined)
    return done
  }

  stats(): Promise<ShardStats[]> {
    return Promise.all(this.shards.map((shard) => shard.stats()))
  }

  /** Closes all databases. What was not flushed is dropped: it is in the log. Idempotent; reads under way end first. */
  async close(): Promise<void> {
    await this.#lastCheckpoint
    await all(this.shards.map((shard) => shard.close()))
  }
}

interface Parts {
  readonly shards: readonly Shard[]
  readonly checkpoints: readonly ShardCheckpoint[]
  readonly failure: ShardFailure
}

function worldOf({
  directory,
  fileSystem,
  clock,
  opener,
  threadPoolSize,
  tuning,
  onLocked,
}: ShardSetOptions): ShardWorld {
  const slots = CallSlots.inPoolOf(threadPoolSize)
  return { directory, fileSystem, clock, opener, slots, tuning, onLocked }
}

/** One after the other; when one rejects, those before it are closed. */
async function eachShard(
  { storeId, shardIds, onFailure, pace }: ShardSetOptions,
  world: ShardWorld,
  make: (identity: ShardIdentity) => Promise<OpenedShard>,
): Promise<Parts> {
  const opened: OpenedShard[] = []
  try {
    for (const [index, shardId] of shardIds.entries()) opened.push(await make({ storeId, shardId, index }))
  } catch (error) {
    await all(opened.map(({ database }) => database.close()))
    throw error
  }
  const failure = new ShardFailure(onFailure)
  return {
    shards: opened.map(
      (one, index) => new Shard({ ...world, ...one, ...world.tuning, index, failure, pace }),
    ),
    checkpoints: opened.map(({ checkpoint }) => checkpoint),
    failure,
  }
}

/** Waits for all of them, then rejects with the first failure: nothing may run on behind a rejection. */
async function all(tasks: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(tasks)) if (result.status === 'rejected') throw result.reason
}
