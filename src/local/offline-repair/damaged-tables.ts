import { join } from 'node:path'
import { isLevelList, isLevelTable, shardIndex, shardsDirectory } from '../../formats/shard-names.js'
import type { FileSystem } from '../../platform/file-system.js'
import { readTableList } from '../repair/level-log.js'
import { isTableSound } from '../repair/level-table.js'
import { RepairNotes } from '../repair/repair-notes.js'
import { type GatherParts, readWhole, withFile } from './gather-parts.js'

export interface CheckedTable {
  readonly shard: number
  /** Of the file. */
  readonly name: string
  readonly isSound: boolean
}

/**
 * The tables of a closed store, read without LevelDB, which aborts the process over some damage of them. Those that it has begun
 * and not made part of the database are left out, as it deletes them when it opens. `notes` gets what cannot be read.
 */
export async function* closedTables(
  fileSystem: FileSystem,
  store: string,
  notes = RepairNotes.silent(),
): AsyncGenerator<CheckedTable, void> {
  const parts = { fileSystem, notes }
  for (const shardName of await listIfThere(fileSystem, join(store, shardsDirectory))) {
    const shard = shardIndex(shardName)
    if (shard === null) continue
    const name = `${shardsDirectory}/${shardName}`
    const directory = join(store, name)
    const files = await listIfThere(fileSystem, directory)
    const live = await liveTables(parts, { name, directory, files })
    for (const file of files) {
      if (!isLevelTable(file) || live?.has(tableNumber(file)) === false) continue
      const isSound = await withFile(parts, join(directory, file), `${name}/${file}`, isTableSound)
      yield { shard, name: file, isSound: isSound === true }
    }
  }
}

/** The numbers of the tables that make up the database, as LevelDB's list tells them; null if that cannot be read. */
export async function liveTables(
  parts: Pick<GatherParts, 'fileSystem' | 'notes'>,
  {
    name,
    directory,
    files,
  }: { readonly name: string; readonly directory: string; readonly files: readonly string[] },
): Promise<ReadonlySet<number> | null> {
  const list = files.filter(isLevelList).at(-1)
  const bytes = list === undefined ? null : await readWhole(parts, join(directory, list), `${name}/${list}`)
  return bytes === null ? null : readTableList(bytes)
}

export const tableNumber = (name: string): number => parseInt(name)

/** In order; nothing where there is no such directory. */
export async function listIfThere(fileSystem: FileSystem, path: string): Promise<string[]> {
  return (await fileSystem.stat(path))?.directory === true ? (await fileSystem.list(path)).sort() : []
}
