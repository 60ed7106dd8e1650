import type { VerifyOptions, VerifyReport } from '../backend/port.js'
import { isColumbaError } from '../errors.js'
import { allRows } from '../formats/keys.js'
import { decodeShardCheckpoint, shardCheckpointKey } from '../formats/shard-identity.js'
import { sealValue } from '../formats/sealed-value.js'
import type { BodyFiles } from './bodies/body-files.js'
import type { Ring } from './ring/ring.js'
import type { Shard, ShardSnapshot } from './shards/shard.js'
import type { ShardSet } from './shards/shard-set.js'
import { isTableSound } from './repair/level-table.js'
import { damaged, type StoreSource } from './verification/store-source.js'
import { verifySource } from './verification/verification.js'

export interface VerifyParts {
  readonly shards: ShardSet
  readonly bodies: BodyFiles
  readonly ring: Ring
  readonly hashSeed: number
  readonly lastTimestamp: () => number
  /** Brings everything into the shards, and calls `look` when nothing is being written to them. */
  readonly checkpoint: (look: () => void) => Promise<void>
}

/**
 * Verifies the store as it is at one moment, while it goes on working: one snapshot of each shard, taken in the same step in
 * which a checkpoint ends. Rejects if the checkpoint fails or something cannot be read at all.
 */
export async function verifyStore(parts: VerifyParts, options: VerifyOptions): Promise<VerifyReport> {
  const { shards } = parts.shards
  const snapshots: ShardSnapshot[] = []
  try {
    await parts.checkpoint(() => {
      for (const shard of shards) snapshots.push(shard.snapshot())
    })
    return await verifySource(await sourceOf(parts, snapshots), options)
  } finally {
    for (const snapshot of snapshots) snapshot.close()
  }
}

async function sourceOf(parts: VerifyParts, snapshots: readonly ShardSnapshot[]): Promise<StoreSource> {
  const { bodies, ring, hashSeed } = parts
  const shardAt = (index: number): Shard => parts.shards.shard(index)
  async function* rowsOf(shard: number, range: { gte: Buffer; lt: Buffer }) {
    const bad: Buffer[] = []
    const scan = shardAt(shard).scan({ ...range, snapshot: snapshots[shard] }, (key) => bad.push(key))
    for await (const [key, payload] of scan) {
      for (const one of bad.splice(0)) yield [one, damaged] as const
      yield [key, payload] as const
    }
    for (const one of bad) yield [one, damaged] as const
  }
  return {
    shards: parts.shards.shards.length,
    position: await positionOf(parts.shards.shards, snapshots),
    lastTimestamp: parts.lastTimestamp(),
    hashSeed,
    shardOf: (id) => ring.shardOf(id),
    rows: (shard) => rowsOf(shard, allRows),
    range: rowsOf,
    get: async (shard, key) => {
      try {
        return await shardAt(shard).get(key, snapshots[shard])
      } catch (error) {
        if (isColumbaError(error, 'CORRUPT')) return damaged
        throw error
      }
    },
    tables: (shard) => tablesOf(shardAt(shard)),
    bodyFiles: () => bodies.list(),
    checkBodyFile: (file) => bodies.check(file),
    readBody: (file, offset, length) => bodies.read(file, offset, length),
  }
}

async function* tablesOf(shard: Shard): AsyncGenerator<{ name: string; isSound: boolean }> {
  for await (const table of shard.tables()) yield { name: table.name, isSound: await isTableSound(table) }
}

/** What the last checkpoint reached; the snapshots were taken right after it. */
async function positionOf(shards: readonly Shard[], snapshots: readonly ShardSnapshot[]): Promise<number> {
  let position = 0
  for (const shard of shards) {
    const payload = await shard.get(shardCheckpointKey, snapshots[shard.index])
    if (payload === undefined) continue
    const row = decodeShardCheckpoint(sealValue(shardCheckpointKey, payload), shard.index)
    position = Math.max(position, row?.position ?? 0)
  }
  return position
}
