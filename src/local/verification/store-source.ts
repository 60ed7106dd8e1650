import { isColumbaError } from '../../errors.js'
import type { FamilyRange } from './partition.js'

/** A row whose value did not fit its checksum. */
export const damaged = Symbol('damaged')

/** Thrown by the decoder of a value that fits its checksum and says nothing all the same. */
export function isUnreadable(error: unknown): boolean {
  return isColumbaError(error, 'CORRUPT') || error instanceof RangeError
}

/** What a verification reads: one moment of all shards, and the body files, which never change. */
export interface StoreSource {
  readonly shards: number
  /** The position of the last record that is in the shards. */
  readonly position: number
  readonly hashSeed: number
  shardOf(id: string): number
  /** All rows of the families, in the order of their keys, each exactly once. */
  rows(shard: number): AsyncIterable<readonly [key: Buffer, payload: Buffer | typeof damaged]>
  get(shard: number, key: Buffer): Promise<Buffer | typeof damaged | undefined>
  range(
    shard: number,
    range: FamilyRange,
  ): AsyncGenerator<readonly [key: Buffer, payload: Buffer | typeof damaged]>
  /** All body files. */
  bodyFiles(): Promise<readonly number[]>
  /** Rejects unless the file has a good header. */
  checkBodyFile(file: number): Promise<void>
  readBody(file: number, offset: number, length: number): Promise<Buffer>
}
