import { join } from 'node:path'
import { levelTableName } from '../../formats/shard-names.js'
import type { FileHandle, FileSystem } from '../../platform/file-system.js'
import { readError } from '../../platform/system-errors.js'

export interface OpenTable {
  readonly name: string
  readonly handle: FileHandle
}

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
    const handle = await openIfThere(fileSystem, join(directory, name), shard)
    if (handle === null) continue
    try {
      yield { name, handle }
    } finally {
      await handle.close()
    }
  }
}

async function openIfThere(fileSystem: FileSystem, file: string, shard: number): Promise<FileHandle | null> {
  try {
    return await fileSystem.open(file, 'read')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw readError(error, `A table of shard ${shard}`, { shard, file })
  }
}
