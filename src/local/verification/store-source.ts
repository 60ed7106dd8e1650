import { isColumbaError } from '../../errors.js'
import { keys } from '../../formats/keys.js'
import type { MarksRow } from '../../formats/record-parts.js'
import { rows } from '../../formats/rows.js'
import { userPlace, type FamilyRange } from './partition.js'

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
  /** The store's time: the manifest keeps it, so that it never goes back, and no message is later. */
  readonly lastTimestamp: number
  readonly hashSeed: number
  shardOf(id: string): number
  /** All rows of the families, in the order of their keys, each exactly once. */
  rows(shard: number): AsyncIterable<readonly [key: Buffer, payload: Buffer | typeof damaged]>
  get(shard: number, key: Buffer): Promise<Buffer | typeof damaged | undefined>
  range(
    shard: number,
    range: FamilyRange,
  ): AsyncGenerator<readonly [key: Buffer, payload: Buffer | typeof damaged]>
  /** The tables of a shard that LevelDB reads, and whether they are as they were written, which it takes on trust. */
  tables(shard: number): AsyncIterable<{ readonly name: string; readonly isSound: boolean }>
  /** All body files. */
  bodyFiles(): Promise<readonly number[]>
  /** Rejects unless the file has a good header. */
  checkBodyFile(file: number): Promise<void>
  readBody(file: number, offset: number, length: number): Promise<Buffer>
}

/**
 * A row of some other partition, decoded; undefined if there is none. One that cannot be read is `damaged`: it is reported
 * where its own partition is read.
 */
export async function readRow<T>(
  source: StoreSource,
  { shard, key }: { readonly shard: number; readonly key: Buffer },
  decode: (payload: Buffer) => T,
): Promise<T | typeof damaged | undefined> {
  const stored = await source.get(shard, key)
  return stored === undefined ? undefined : readable(stored, decode)
}

/** The same of a payload that was read. */
export function readable<T>(
  payload: Buffer | typeof damaged,
  decode: (payload: Buffer) => T,
): T | typeof damaged {
  if (payload === damaged) return damaged
  try {
    return decode(payload)
  } catch (error) {
    if (isUnreadable(error)) return damaged
    throw error
  }
}

/** The marks of a user in a conversation, which lie in the user's partition. */
export function readMarks(
  source: StoreSource,
  user: string,
  conversation: string,
): Promise<MarksRow | typeof damaged | undefined> {
  const { shard, prefix } = userPlace(user, source.shardOf(user))
  return readRow(source, { shard, key: keys.marks(prefix, conversation) }, rows.marks.decode)
}
