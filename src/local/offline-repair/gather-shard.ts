import { join } from 'node:path'
import { describeKey } from '../../formats/keys.js'
import { openValue } from '../../formats/sealed-value.js'
import {
  decodeIdentity,
  decodeShardCheckpoint,
  identityKey,
  shardCheckpointKey,
} from '../../formats/shard-identity.js'
import { isLevelLog, isLevelTable, shardName, shardsDirectory } from '../../formats/shard-names.js'
import { readBatches } from '../repair/level-log.js'
import { firstRows, readTable, type LevelRow } from '../repair/level-table.js'
import { RepairNotes } from '../repair/repair-notes.js'
import { addDamagedRow, addRow } from '../repair/row-facts.js'
import type { DamagedRange, SalvagedFile } from '../repair/salvaged-file.js'
import { liveTables, tableNumber } from './damaged-tables.js'
import { withFile, type GatherParts } from './gather-parts.js'

export interface GatheredShard {
  /** Up to where it has all records, as it says itself; null if it does not. */
  readonly checkpoint: number | null
  /** Something of it cannot be read: what it says last may have stood there. */
  readonly isDamaged: boolean
  /** LevelDB's own logs, or parts of them, that cannot be read. */
  readonly damagedLogs: readonly string[]
  /** Up to where its tables have all records, as they say: what is in LevelDB's logs comes behind that. 0 if they do not. */
  readonly inTables: number
}

/** What no message and no other row tells. */
export const onlyInShards = 'marks, contacts, profiles, titles and memberships that stood only there'

export const damagedPart = `damaged part of a shard: ${onlyInShards}`

const nothing: GatheredShard = { checkpoint: null, isDamaged: false, damagedLogs: [], inTables: 0 }

/** A shard that is read, and its files. */
interface ShardPlace {
  readonly index: number
  /** In the store, for reports. */
  readonly name: string
  readonly directory: string
  readonly files: readonly string[]
  /** The numbers of the tables that count; null if that cannot be told. */
  readonly live: ReadonlySet<number> | null
}

/**
 * All rows of a shard that bear their checksums, straight from LevelDB's files. Also old and deleted ones: every row that is
 * state says its position, of which the newest counts, and all others are derived.
 */
export async function gatherShard(parts: GatherParts, store: string, index: number): Promise<GatheredShard> {
  const { notes, fileSystem } = parts
  const name = `${shardsDirectory}/${shardName(index)}`
  const directory = join(store, name)
  if ((await fileSystem.stat(directory)) === null) {
    notes.lose(`missing shard: ${onlyInShards}`, name)
    return nothing
  }
  const files = await fileSystem.list(directory)
  const place = { index, name, directory, files, live: await liveTables(parts, { name, directory, files }) }
  if (await isOtherStores(parts, place)) {
    notes.lose('shard of another store, left aside', name)
    return nothing
  }
  const gathered = await gatherFiles(parts, place)
  nameMissingTables(parts, place)
  return gathered
}

/** How a file of LevelDB is read. */
interface LevelReader {
  /** Rows among which are those of the shard itself, if they are in the file. */
  first(file: SalvagedFile): Promise<readonly LevelRow[]>
  all(file: SalvagedFile): Promise<{ rows: readonly LevelRow[]; damaged: readonly DamagedRange[] }>
}

const wholeOf = (file: SalvagedFile): Promise<Buffer> => file.read(0, file.size)

const tableReader: LevelReader = {
  // No key of a shard comes before those of its own rows.
  first: firstRows,
  all: async (file) => readTable(await wholeOf(file)),
}

const logReader: LevelReader = {
  first: async (file) => readBatches(await wholeOf(file)).rows,
  all: async (file) => readBatches(await wholeOf(file)),
}

/** What `read` makes of each file that holds rows; those that cannot be opened are noted. */
async function* filesOf<T>(
  parts: Pick<GatherParts, 'fileSystem' | 'notes'>,
  { name, directory, files }: ShardPlace,
  read: (reader: LevelReader, file: SalvagedFile) => Promise<T>,
): AsyncGenerator<{ file: string; where: string; found: T }, void> {
  for (const file of files) {
    const reader = isLevelTable(file) ? tableReader : isLevelLog(file) ? logReader : null
    if (reader === null) continue
    const where = `${name}/${file}`
    const found = await withFile(parts, join(directory, file), where, (open) => read(reader, open))
    if (found !== null) yield { file, where, found }
  }
}

/**
 * Whose a shard is, one row says, and compactions put that into any of the files: all of them are asked before a row of one is
 * taken.
 */
async function isOtherStores({ fileSystem, manifest }: GatherParts, place: ShardPlace): Promise<boolean> {
  // What cannot be read is named when the rows are taken.
  const parts = { fileSystem, notes: RepairNotes.silent() }
  for await (const { found } of filesOf(parts, place, (reader, file) => reader.first(file)))
    for (const [key, value] of found)
      if (key.equals(identityKey) && isForeign(value, manifest.storeId, place.index)) return true
  return false
}

/** A damaged one tells nothing. */
function isForeign(value: Buffer, storeId: Uint8Array, index: number): boolean {
  try {
    const identity = decodeIdentity(value, index)
    return identity !== null && Buffer.compare(identity.storeId, storeId) !== 0
  } catch {
    return false
  }
}

async function gatherFiles(parts: GatherParts, place: ShardPlace): Promise<GatheredShard> {
  const { notes, facts } = parts
  const { index } = place
  let count = 0
  let badParts = 0
  let badRows = 0
  let checkpoint: number | null = null
  let inTables = 0
  let isUnsaid = false
  const damagedLogs: string[] = []
  for await (const { file, where, found } of filesOf(parts, place, (reader, open) => reader.all(open))) {
    const { rows } = found
    // A table that LevelDB has begun, and not made part of the database, says nothing that is not elsewhere.
    const begun = isBegun(place, file)
    const damaged = begun ? [] : found.damaged
    // How far the shard reaches stands before the rows themselves: where a table does not go on, nothing says that it has them.
    const isCutOff = begun && found.damaged.length > 0
    for (const { offset, length } of damaged) {
      const part = `${where}, offset ${offset}, length ${length}`
      if (isLevelLog(file)) damagedLogs.push(part)
      else notes.lose(damagedPart, part)
    }
    badParts += damaged.length
    for (const [key, value] of rows) {
      if (key.equals(shardCheckpointKey)) {
        if (isCutOff) continue
        const said = checkpointIn(value, index)
        checkpoint = Math.max(checkpoint ?? 0, said ?? 0)
        if (isLevelTable(file)) inTables = Math.max(inTables, said ?? 0)
        isUnsaid ||= said === null
      } else if (!gatherRow(parts, key, value, index)) badRows++
      await facts.makeRoom()
    }
    count += rows.length
    parts.onProgress(`reading shard ${index}`, count, null)
    await facts.settle()
  }
  if (badParts > 0 || badRows > 0) notes.salvage(`rows of the damaged shard ${index}`, count)
  notes.salvage('damaged rows made anew or left out', badRows)
  return { checkpoint, isDamaged: badParts > 0 || isUnsaid, damagedLogs, inTables }
}

const isBegun = ({ live }: ShardPlace, file: string): boolean =>
  isLevelTable(file) && live?.has(tableNumber(file)) === false

/** Null of a damaged one. */
function checkpointIn(value: Buffer, index: number): number | null {
  try {
    return decodeShardCheckpoint(value, index)?.position ?? null
  } catch {
    return null
  }
}

/** False of a row that cannot be read. */
function gatherRow({ facts }: GatherParts, key: Buffer, value: Buffer, shard: number): boolean {
  const described = describeKey(key)
  if (described === null) return true
  const row = { ...described, key }
  try {
    addRow(facts, row, openValue(key, value, shard))
    return true
  } catch {
    addDamagedRow(facts, row)
    return false
  }
}

/** LevelDB's list of tables tells of those that are gone; without it nothing does. */
function nameMissingTables({ notes }: GatherParts, { name, files, live }: ShardPlace): void {
  if (live === null) {
    notes.lose(`missing or damaged list of tables; if a table is missing as well: ${onlyInShards}`, name)
    return
  }
  const present = new Set(files.filter(isLevelTable).map(tableNumber))
  for (const table of live)
    if (!present.has(table))
      notes.lose(`missing table of a shard: ${onlyInShards}`, `${name}, table ${table}`)
}
