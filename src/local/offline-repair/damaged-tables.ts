import { join } from 'node:path'
import {
  isLevelList,
  isLevelTable,
  levelCurrent,
  levelListIn,
  shardName,
  shardsDirectory,
} from '../../formats/shard-names.js'
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
 * The tables of a closed store with so many shards, read without LevelDB, which aborts the process over some damage of them.
 * Those that it has begun and not made part of the database are left out, as it deletes them when it opens.
 */
export async function* closedTables(
  fileSystem: FileSystem,
  store: string,
  shards: number,
): AsyncGenerator<CheckedTable, void> {
  const parts = { fileSystem, notes: RepairNotes.silent() }
  for (let shard = 0; shard < shards; shard++) {
    const name = `${shardsDirectory}/${shardName(shard)}`
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

interface LevelFiles {
  /** In the store, for reports. */
  readonly name: string
  readonly directory: string
  readonly files: readonly string[]
}

/** The numbers of the tables that make up the database, as LevelDB's list tells them; null if that cannot be read. */
export async function liveTables(
  parts: Pick<GatherParts, 'fileSystem' | 'notes'>,
  level: LevelFiles,
): Promise<ReadonlySet<number> | null> {
  const list = await listThatCounts(parts.fileSystem, level)
  if (list === null) return null
  const bytes = await readWhole(parts, join(level.directory, list), `${level.name}/${list}`)
  return bytes === null ? null : readTableList(bytes)
}

/**
 * The list that `CURRENT` names. Others may lie there as well, with higher numbers too, where a backup was copied over a store.
 * If `CURRENT` names none, the only one that is there; null if there are several.
 */
async function listThatCounts(
  fileSystem: FileSystem,
  { name, directory, files }: LevelFiles,
): Promise<string | null> {
  const lists = files.filter(isLevelList)
  const parts = { fileSystem, notes: RepairNotes.silent() }
  const current = files.includes(levelCurrent)
    ? await readWhole(parts, join(directory, levelCurrent), `${name}/${levelCurrent}`)
    : null
  const named = levelListIn(current?.toString('latin1') ?? '')
  if (named !== null) return lists.includes(named) ? named : null
  return lists.length === 1 ? (lists[0] ?? null) : null
}

export const tableNumber = (name: string): number => parseInt(name)

/** In order; nothing where there is no such directory. */
export async function listIfThere(fileSystem: FileSystem, path: string): Promise<string[]> {
  return (await fileSystem.stat(path))?.directory === true ? (await fileSystem.list(path)).sort() : []
}
