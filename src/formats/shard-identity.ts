import { openValue, sealValue } from './sealed-value.js'

/**
 * Two rows that every shard has beside those of the families. Their keys begin with 00, all others with the kind of a
 * partition, 01 or 02; none begins with FF, so that `beyondEveryKey` is what it says.
 *
 *   00 69 ('i')   storeId 16 | shardId 16 | index u32 LE                       written once, at creation
 *   00 63 ('c')   position u64 LE | epoch u32 LE                               all records up to there are in this shard
 *
 * Values are sealed like all others.
 */
export const identityKey = Buffer.from([0x00, 0x69])
export const shardCheckpointKey = Buffer.from([0x00, 0x63])
export const beyondEveryKey = Buffer.alloc(16, 0xff)

/** Which shard of which store this is: a directory that was swapped or comes from elsewhere says so. */
export interface ShardIdentity {
  readonly storeId: Uint8Array
  readonly shardId: Uint8Array
  readonly index: number
}

export interface ShardCheckpoint {
  readonly position: number
  readonly epoch: number
}

const identityBytes = 36
const checkpointBytes = 12

export function encodeIdentity(identity: ShardIdentity): Buffer {
  const payload = Buffer.alloc(identityBytes)
  payload.set(identity.storeId, 0)
  payload.set(identity.shardId, 16)
  payload.writeUInt32LE(identity.index, 32)
  return sealValue(identityKey, payload)
}

/** Null for a row that is sealed but of another length; CORRUPT for a damaged one. */
export function decodeIdentity(stored: Buffer, shard: number): ShardIdentity | null {
  const payload = openValue(identityKey, stored, shard)
  if (payload.byteLength !== identityBytes) return null
  return {
    storeId: Uint8Array.from(payload.subarray(0, 16)),
    shardId: Uint8Array.from(payload.subarray(16, 32)),
    index: payload.readUInt32LE(32),
  }
}

export function encodeShardCheckpoint(checkpoint: ShardCheckpoint): Buffer {
  const payload = Buffer.alloc(checkpointBytes)
  payload.writeBigUInt64LE(BigInt(checkpoint.position), 0)
  payload.writeUInt32LE(checkpoint.epoch, 8)
  return sealValue(shardCheckpointKey, payload)
}

/** Null for a row that is sealed but of another length; CORRUPT for a damaged one. */
export function decodeShardCheckpoint(stored: Buffer, shard: number): ShardCheckpoint | null {
  const payload = openValue(shardCheckpointKey, stored, shard)
  if (payload.byteLength !== checkpointBytes) return null
  return { position: Number(payload.readBigUInt64LE(0)), epoch: payload.readUInt32LE(8) }
}
