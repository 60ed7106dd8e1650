import { join } from 'node:path'
import { levelTableName } from '../../formats/shard-names.js'
import type { FileHandle, FileSystem } from '../../platform/file-system.js'
import { readError } from '../../platform/system-errors.js'
import { readFully } from '../../platform/whole-transfers.js'

/**
 * Blocks are far smaller than what a disk is best asked for; and nothing else has its turn while the sums of so many are made.
 */
const readAheadBytes = 64 * 1024

/**
 * LevelDB's tables of one moment, as its property `leveldb.sstables` names them: whole files that never change. One that has been
 * merged with others, and removed, before its turn came is left out.
 *
 *      --- level 0 ---
 *       17:123['a' @ 5 : 1 .. 'd' @ 9 : 1]
 */
export async function* openTables(
  fileSystem: FileSystem,
  directory: string,
  shard: number,
  property: string,
): AsyncGenerator<OpenTable, void> {
  for (const [, number] of property.matchAll(/^ (\d+):\d+\[/gm)) {
    const name = levelTableName(Number(number))
    const table = await OpenTable.open(fileSystem, join(directory, name), name, shard)
    if (table === null) continue
    try {
      yield table
    } finally {
      await table.close()
    }
  }
}

/** A table that is read from its beginning to its end, mostly. Rejects with errors of this library. */
export class OpenTable {
  readonly name: string
  readonly size: number
  readonly #handle: FileHandle
  readonly #orSay: <T>(read: Promise<T>) => Promise<T>
  #ahead = Buffer.alloc(0)
  /** Where in the file that begins. */
  #aheadAt = 0

  private constructor(
    name: string,
    size: number,
    handle: FileHandle,
    orSay: <T>(read: Promise<T>) => Promise<T>,
  ) {
    this.name = name
    this.size = size
    this.#handle = handle
    this.#orSay = orSay
  }

  /** Null if it is not there. */
  static async open(
    fileSystem: FileSystem,
    file: string,
    name: string,
    shard: number,
  ): Promise<OpenTable | null> {
    const orSay = <T>(read: Promise<T>): Promise<T> =>
      read.catch((error: unknown) => {
        throw readError(error, `a table of shard ${shard}`, { shard, file })
      })
    const handle = await orSay(openIfThere(fileSystem, file))
    if (handle === null) return null
    try {
      return new OpenTable(name, await orSay(handle.size()), handle, orSay)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** So many bytes, or fewer at the end of the file. They are not written over. */
  async read(offset: number, length: number): Promise<Buffer> {
    const start = offset - this.#aheadAt
    if (start >= 0 && start + length <= this.#ahead.length) return this.#ahead.subarray(start, start + length)
    const wanted = Math.min(Math.max(length, readAheadBytes), this.size - offset)
    const bytes = Buffer.allocUnsafe(Math.max(0, wanted))
    const count = await this.#orSay(readFully(this.#handle, bytes, offset))
    this.#ahead = bytes.subarray(0, count)
    this.#aheadAt = offset
    return this.#ahead.subarray(0, length)
  }

  close(): Promise<void> {
    return this.#orSay(this.#handle.close())
  }
}

async function openIfThere(fileSystem: FileSystem, file: string): Promise<FileHandle | null> {
  try {
    return await fileSystem.open(file, 'read')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
