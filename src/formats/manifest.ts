import { ColumbaError } from '../errors.js'
import { checksum } from './checksum.js'
import { sipKeyBytes } from './sip-hash.js'

/** What the store is: written at creation, replaced at each checkpoint and at opening and closing. */
export interface Manifest {
  /** 16 random bytes. */
  readonly storeId: Uint8Array
  /**
   * The time line. A new one begins where positions that were given out before may be given out again for something
   * else: after an unclean end in a durability that can lose acknowledged records. Tokens carry it.
   */
  readonly epoch: number
  /** Epoch milliseconds. */
  readonly createdAt: number
  /** The store's own time never goes below it, whatever the clock says at the next opening. */
  readonly lastTimestamp: number
  /** All records up to here are in the shards, with evidence; the log before it is not needed. */
  readonly checkpoint: number
  /** Closed in good order; false while the store is open. */
  readonly clean: boolean
  /** Open, or last opened, in a durability that can lose acknowledged records in a power cut. */
  readonly lossy: boolean
  /** False until the shards have been made: such a store has never been open, and opening goes on making it. */
  readonly created: boolean
  /** 16 random bytes, the key of the ring. */
  readonly ringSecret: Uint8Array
  readonly virtualNodes: number
  /** The ids of the shards by index, 16 random bytes each. */
  readonly shardIds: readonly Uint8Array[]
}

/*
 *   0         8          12        16                                16 + length   + 4
 *   +---------+----------+---------+---------------------------------+-------------+
 *   | magic 8 | version 4| length 4| body                            | CRC-32      |   all numbers little-endian
 *   +---------+----------+---------+---------------------------------+-------------+
 * The CRC covers everything before it. This frame stays the same in all versions, so that a newer version can be told
 * from damage. Body of version 2, offsets within the file:
 *   16 storeId 16 | 32 epoch u32 | 36 flags u32 (1 clean, 2 created, 4 lossy) | 40 createdAt u64 | 48 lastTimestamp u64 |
 *   56 checkpoint u64 | 64 ringSecret 16 | 80 virtualNodes u32 | 84 shards u32 | 88 shards × shardId 16
 */
const magic = Buffer.from('COLUMBAM', 'latin1')
/** Of all formats of a store, not of this file alone. */
const manifestVersion = 2
const headBytes = 16
const fixedBytes = 88
export const idBytes = 16
const crcBytes = 4
const flagClean = 1
const flagCreated = 2
const flagLossy = 4
const maxShards = 256
const maxVirtualNodes = 65_536

export function encodeManifest(manifest: Manifest): Buffer {
  const bytes = Buffer.alloc(fixedBytes + manifest.shardIds.length * idBytes + crcBytes)
  magic.copy(bytes)
  bytes.writeUInt32LE(manifestVersion, 8)
  bytes.writeUInt32LE(bytes.byteLength - headBytes - crcBytes, 12)
  setId(bytes, 16, manifest.storeId, idBytes)
  bytes.writeUInt32LE(manifest.epoch, 32)
  const { clean, created, lossy } = manifest
  bytes.writeUInt32LE((clean ? flagClean : 0) | (created ? flagCreated : 0) | (lossy ? flagLossy : 0), 36)
  bytes.writeBigUInt64LE(BigInt(manifest.createdAt), 40)
  bytes.writeBigUInt64LE(BigInt(manifest.lastTimestamp), 48)
  bytes.writeBigUInt64LE(BigInt(manifest.checkpoint), 56)
  setId(bytes, 64, manifest.ringSecret, sipKeyBytes)
  bytes.writeUInt32LE(manifest.virtualNodes, 80)
  bytes.writeUInt32LE(manifest.shardIds.length, 84)
  for (const [index, id] of manifest.shardIds.entries())
    setId(bytes, fixedBytes + index * idBytes, id, idBytes)
  const end = bytes.byteLength - crcBytes
  bytes.writeUInt32LE(checksum(bytes.subarray(0, end)), end)
  return bytes
}

/** Throws CORRUPT with file and offset, or INCOMPATIBLE for a version that this one does not know. */
export function decodeManifest(bytes: Buffer, file: string): Manifest {
  const refuse = (offset: number, what: string): never => {
    throw new ColumbaError('CORRUPT', `${file} is damaged at ${offset}: ${what}; restore it from a backup`, {
      file,
      offset,
    })
  }
  if (bytes.byteLength < headBytes + crcBytes) refuse(bytes.byteLength, 'too short')
  if (!bytes.subarray(0, magic.byteLength).equals(magic)) refuse(0, 'not a manifest')
  const end = bytes.byteLength - crcBytes
  if (bytes.readUInt32LE(12) !== end - headBytes) refuse(12, 'its length is another one')
  if (checksum(bytes.subarray(0, end)) !== bytes.readUInt32LE(end)) refuse(end, 'the checksum does not match')
  const version = bytes.readUInt32LE(8)
  if (version !== manifestVersion) {
    throw new ColumbaError(
      'INCOMPATIBLE',
      `${file} is of format ${version}, this version reads ${manifestVersion}`,
      {
        file,
        found: version,
        supported: manifestVersion,
      },
    )
  }
  const number = (offset: number): number => {
    const value = bytes.readBigUInt64LE(offset)
    return value > BigInt(Number.MAX_SAFE_INTEGER)
      ? refuse(offset, 'a number is out of range')
      : Number(value)
  }
  if (end < fixedBytes) refuse(end, 'too short')
  const flags = bytes.readUInt32LE(36)
  if (flags > (flagClean | flagCreated | flagLossy)) refuse(36, 'unknown flags')
  const virtualNodes = bytes.readUInt32LE(80)
  if (virtualNodes < 1 || virtualNodes > maxVirtualNodes) refuse(80, 'a number is out of range')
  const shards = bytes.readUInt32LE(84)
  if (shards < 1 || shards > maxShards || end !== fixedBytes + shards * idBytes)
    refuse(84, 'not so many shards')
  return {
    storeId: id(bytes, 16),
    epoch: bytes.readUInt32LE(32),
    createdAt: number(40),
    lastTimestamp: number(48),
    checkpoint: number(56),
    clean: (flags & flagClean) !== 0,
    created: (flags & flagCreated) !== 0,
    lossy: (flags & flagLossy) !== 0,
    ringSecret: id(bytes, 64),
    virtualNodes,
    shardIds: Array.from({ length: shards }, (_, index) => id(bytes, fixedBytes + index * idBytes)),
  }
}

const id = (bytes: Buffer, offset: number): Uint8Array =>
  Uint8Array.from(bytes.subarray(offset, offset + idBytes))

function setId(into: Buffer, offset: number, value: Uint8Array, length: number): void {
  if (value.byteLength !== length) throw new RangeError(`${length} bytes, not ${value.byteLength}`)
  into.set(value, offset)
}
