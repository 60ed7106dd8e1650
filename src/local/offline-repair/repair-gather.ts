import { join } from 'node:path'
import { describeKey } from '../../formats/keys.js'
import type { Manifest } from '../../formats/manifest.js'
import { openValue } from '../../formats/sealed-value.js'
import { segmentHeaderBytes, segmentName, segmentNumber } from '../../formats/segment.js'
import {
  decodeIdentity,
  decodeShardCheckpoint,
  identityKey,
  shardCheckpointKey,
} from '../../formats/shard-identity.js'
import { isLevelLog, shardName, shardsDirectory } from '../../formats/shard-names.js'
import { logName } from '../../formats/store-names.js'
import type { FileSystem } from '../../platform/file-system.js'
import type { Facts } from '../repair/facts.js'
import { readBatches, readTableList } from '../repair/level-log.js'
import { readTable } from '../repair/level-table.js'
import { epochBefore, salvageRecords } from '../repair/log-salvage.js'
import { addRecord } from '../repair/record-facts.js'
import { RepairNotes } from '../repair/repair-notes.js'
import { addDamagedRow, addRow } from '../repair/row-facts.js'
import { assertDamage, SalvagedFile } from '../repair/salvaged-file.js'

export interface GatherParts {
  readonly fileSystem: FileSystem
  readonly manifest: Manifest
  readonly facts: Facts
  readonly notes: RepairNotes
  readonly onProgress: (part: string, items: number, total: number | null) => void
}

export interface GatheredShard {
  /** Up to where it has all records, as it says itself; null if it does not. */
  readonly checkpoint: number | null
  /** Something of it cannot be read: what it says last may have stood there. */
  readonly isDamaged: boolean
}

const nothing: GatheredShard = { checkpoint: null, isDamaged: false }

/**
 * All rows of a shard that bear their checksums, straight from LevelDB's files. Also old and deleted ones: every row that is
 * state says its position, of which the newest counts, and all others are derived.
 */
export async function gatherShard(parts: GatherParts, store: string, index: number): Promise<GatheredShard> {
  const { notes, fileSystem, facts } = parts
  const name = `${shardsDirectory}/${shardName(index)}`
  const directory = join(store, name)
  if ((await fileSystem.stat(directory)) === null) {
    notes.lose(`missing shard: ${onlyInShards}`, name)
    return nothing
  }
  const files = await fileSystem.list(directory)
  let count = 0
  let bad = 0
  let badRows = 0
  let checkpoint: number | null = null
  let isUnsaid = false
  for (const file of files) {
    const read = isTable(file) ? readTable : isLevelLog(file) ? readBatches : null
    const bytes = read === null ? null : await readWhole(parts, join(directory, file), `${name}/${file}`)
    if (read === null || bytes === null) continue
    const { rows, damaged } = read(bytes)
    for (const { offset, length } of damaged)
      notes.lose(
        `damaged part of a shard: ${onlyInShards}`,
        `${name}/${file}, offset ${offset}, length ${length}`,
      )
    bad += damaged.length
    if (rows.some(([key, value]) => isForeign(key, value, parts.manifest, index))) {
      notes.lose('shard of another store, left aside', name)
      return nothing
    }
    for (const [key, value] of rows) {
      if (key.equals(shardCheckpointKey)) {
        const said = checkpointIn(value, index)
        checkpoint = Math.max(checkpoint ?? 0, said ?? 0)
        isUnsaid ||= said === null
      } else if (!gatherRow(parts, key, value, index)) badRows++
    }
    count += rows.length
    parts.onProgress(`reading shard ${index}`, count, null)
    await facts.settle()
  }
  await nameMissingTables(parts, directory, name, files)
  if (bad > 0 || badRows > 0) notes.salvage(`rows of the damaged shard ${index}`, count)
  notes.salvage('damaged rows made anew or left out', badRows)
  return { checkpoint, isDamaged: bad > 0 || isUnsaid }
}

/** Null of a damaged one. */
function checkpointIn(value: Buffer, index: number): number | null {
  try {
    return decodeShardCheckpoint(value, index)?.position ?? null
  } catch {
    return null
  }
}

/** What of the log can be read: from where on no record is missing but those that are named, up to its end (0: there is none). */
export interface GatheredLog {
  readonly from: number
  readonly last: number
}

/**
 * An older copy of a shard, or of the log, is whole, and lacks what came after it. What the log still has of that is made up for;
 * what it lacks, and is no message, is gone. `through` is how far anything of the store reaches.
 */
export function nameOlderCopies(
  notes: RepairNotes,
  shards: readonly GatheredShard[],
  log: GatheredLog,
  through: number,
): void {
  if (log.last > 0 && log.last < through)
    notes.lose(
      'log that ends too early, as an older copy does: what came behind it',
      `log, behind position ${log.last} of ${through}`,
    )
  for (const [index, { checkpoint, isDamaged }] of shards.entries()) {
    if (checkpoint === null || checkpoint >= through) continue
    if (log.from <= checkpoint + 1 && log.last >= through) continue
    const where = `${shardsDirectory}/${shardName(index)}, behind position ${checkpoint} of ${through}`
    const what = isDamaged
      ? 'damaged shard; if it ends too early as well, as an older copy does'
      : 'shard that ends too early, as an older copy does'
    notes.lose(`${what}: ${onlyInShards}`, where)
  }
}

/**
 * Why the store should not be opened as it is; null if nothing speaks against it. LevelDB aborts the process over some damage
 * of its tables, and recovery ends at damage of the log that could be a torn write, though whole records may lie behind it;
 * what cannot be read there is zeroes in a copy, which nobody could tell from the end.
 */
export async function damageOfFiles(
  { fileSystem, manifest }: Pick<GatherParts, 'fileSystem' | 'manifest'>,
  store: string,
): Promise<string | null> {
  const notes = new RepairNotes()
  const read = (name: string): Promise<Buffer | null> =>
    readWhole({ fileSystem, notes }, join(store, name), name)
  for (let index = 0; index < manifest.shardIds.length; index++) {
    const shard = `${shardsDirectory}/${shardName(index)}`
    for (const file of await listIfThere(fileSystem, join(store, shard))) {
      if (!isTable(file)) continue
      const bytes = await read(`${shard}/${file}`)
      if (bytes === null || !readTable(bytes).sound) return `table ${shard}/${file} is damaged`
    }
  }
  for (const file of await listIfThere(fileSystem, join(store, logName))) {
    if (segmentNumber(file) === null) continue
    const bytes = await read(`${logName}/${file}`)
    const [unread] = notes.lost
    if (unread !== undefined) return `${unread.what}: ${unread.where}`
    const found = bytes === null ? null : salvageRecords(bytes, manifest.storeId, null)
    const from = found?.damaged[0]?.offset ?? Infinity
    if (found?.records.some(({ start }) => start > from) === true)
      return `${logName}/${file} is damaged at ${from}, and whole records lie behind that`
  }
  return null
}

async function listIfThere(fileSystem: FileSystem, path: string): Promise<string[]> {
  return (await fileSystem.stat(path))?.directory === true ? fileSystem.list(path) : []
}

/** LevelDB's tables; the second is how older versions called them. */
const isTable = (name: string): boolean => /^\d+\.(?:ldb|sst)$/.test(name)

/** What no message and no other row tells. */
const onlyInShards = 'marks, contacts, profiles, titles and memberships that stood only there'

function isForeign(key: Buffer, value: Buffer, manifest: Manifest, index: number): boolean {
  if (!key.equals(identityKey)) return false
  try {
    const identity = decodeIdentity(value, index)
    return identity !== null && Buffer.compare(identity.storeId, manifest.storeId) !== 0
  } catch {
    return false
  }
}

/** LevelDB's list of tables tells of those that are gone; without it nothing does. */
async function nameMissingTables(
  parts: GatherParts,
  directory: string,
  name: string,
  files: readonly string[],
): Promise<void> {
  const { notes } = parts
  const lists = files.filter((file) => file.startsWith('MANIFEST-'))
  const last = lists.at(-1)
  const bytes = last === undefined ? null : await readWhole(parts, join(directory, last), `${name}/${last}`)
  const live = bytes === null ? null : readTableList(bytes)
  if (live === null) {
    notes.lose(`missing or damaged list of tables; if a table is missing as well: ${onlyInShards}`, name)
    return
  }
  const present = new Set(files.map((file) => /^(\d+)\.(?:ldb|sst)$/.exec(file)?.[1]).map(Number))
  for (const table of live)
    if (!present.has(table))
      notes.lose(`missing table of a shard: ${onlyInShards}`, `${name}, table ${table}`)
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

/** All records of the log whose frames are whole, also behind damage. */
export async function gatherLog(parts: GatherParts, directory: string): Promise<GatheredLog> {
  const { fileSystem, facts, notes, manifest } = parts
  if ((await fileSystem.stat(directory)) === null) {
    notes.lose('missing log: what was sent since the last checkpoint', logName)
    return { from: Infinity, last: 0 }
  }
  const names = (await fileSystem.list(directory)).filter((name) => segmentNumber(name) !== null)
  let last: number | null = null
  let from = Infinity
  let through = 0
  for (const [index, name] of names.entries()) {
    const where = `${logName}/${name}`
    const bytes = await readWhole(parts, join(directory, name), where)
    if (bytes === null) continue
    const found = salvageRecords(bytes, manifest.storeId, await statedEpoch(parts, directory, name))
    if (found === null) {
      notes.lose('segment of the log without header and whole frames, or of another store', where)
      continue
    }
    through = Math.max(through, found.next - 1)
    if (found.isHeadless) notes.salvage('segments of the log without their header')
    for (const { offset, length } of found.damaged)
      notes.lose('damaged part of the log', `${where}, offset ${offset}, length ${length}`)
    for (const { position, start, end } of found.records) {
      if (last === null) from = position
      else if (position > last + 1) {
        noteGap(parts, last + 1, position - 1)
        // What is missing behind the checkpoint is named; what is missing before it, a shard of that time must have.
        if (last < manifest.checkpoint) from = Math.min(position, manifest.checkpoint + 1)
      }
      last = Math.max(last ?? 0, position)
      try {
        addRecord(facts, bytes, start, end, position)
        if (position > manifest.checkpoint) notes.salvage('records of the log')
      } catch {
        notes.lose('record of the log that cannot be read', `position ${position}`)
      }
    }
    await facts.settle()
    parts.onProgress('reading the log', index + 1, names.length)
  }
  if ((last ?? 0) < manifest.checkpoint && names.length === 0)
    notes.lose('missing log: what was sent since the last checkpoint', logName)
  return { from, last: through }
}

/** The epoch of a segment as the next one states it. */
async function statedEpoch(
  { fileSystem, manifest }: GatherParts,
  directory: string,
  name: string,
): Promise<number | null> {
  const number = segmentNumber(name) ?? 0
  const path = join(directory, segmentName(number + 1))
  if ((await fileSystem.stat(path)) === null) return null
  const untold = { fileSystem, notes: new RepairNotes() }
  const header = await withFile(untold, path, path, (file) => file.read(0, segmentHeaderBytes))
  return header === null ? null : epochBefore(header, manifest.storeId, number)
}

/** What lies below the checkpoint is in the shards. */
function noteGap({ notes, manifest }: GatherParts, from: number, to: number): void {
  const first = Math.max(from, manifest.checkpoint + 1)
  if (first <= to) notes.lose('records that the log lacks', `positions ${first} to ${to}`)
}

async function readWhole(
  parts: Pick<GatherParts, 'fileSystem' | 'notes'>,
  path: string,
  where: string,
): Promise<Buffer | null> {
  const read = (file: SalvagedFile): Promise<Buffer> => file.read(0, file.size)
  return withFile(parts, path, where, read)
}

/** What `use` makes of a file; null if that is too damaged to be opened. Whatever of it cannot be read is noted. */
export async function withFile<T>(
  { fileSystem, notes }: Pick<GatherParts, 'fileSystem' | 'notes'>,
  path: string,
  where: string,
  use: (file: SalvagedFile) => Promise<T>,
): Promise<T | null> {
  let file: SalvagedFile
  try {
    file = await SalvagedFile.open(fileSystem, path)
  } catch (error) {
    assertDamage(error)
    notes.lose('file that cannot be read', `${where}: ${String(error)}`)
    return null
  }
  try {
    return await use(file)
  } finally {
    for (const { offset, length } of file.unread)
      notes.lose('part of a file that cannot be read', `${where}, offset ${offset}, length ${length}`)
    await file.close()
  }
}
