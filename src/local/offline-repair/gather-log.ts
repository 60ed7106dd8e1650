import { join } from 'node:path'
import { segmentHeaderBytes, segmentName, segmentNumber } from '../../formats/segment.js'
import { shardName, shardsDirectory } from '../../formats/shard-names.js'
import { logName } from '../../formats/store-names.js'
import { recordTime } from '../fold/fold.js'
import { FoundPositions } from '../repair/found-positions.js'
import { epochBefore, salvageRecords } from '../repair/log-salvage.js'
import { addRecord } from '../repair/record-facts.js'
import { RepairNotes } from '../repair/repair-notes.js'
import { greatest } from '../repair/sequence.js'
import { readWhole, withFile, type GatherParts } from './gather-parts.js'
import { damagedPart, onlyInShards, type GatheredShard } from './gather-shard.js'

/** What of the log can be read. */
export interface GatheredLog {
  readonly found: FoundPositions
  /** Up to where it goes; null where no segment can be read, which has been named then. */
  readonly last: number | null
  /** The latest time of all records, 0 of none: of any kind, since each was given one no earlier than the one before. */
  readonly lastTimestamp: number
}

/** All records of the log whose frames are whole, also behind damage. */
export async function gatherLog(parts: GatherParts, directory: string): Promise<GatheredLog> {
  const { fileSystem, facts, notes, manifest } = parts
  const found = new FoundPositions()
  let last: number | null = null
  let lastTimestamp = 0
  const isThere = (await fileSystem.stat(directory)) !== null
  const names = (isThere ? await fileSystem.list(directory) : []).filter(
    (name) => segmentNumber(name) !== null,
  )
  if (names.length === 0) notes.lose('missing log: what was sent since the last checkpoint', logName)
  for (const [index, name] of names.entries()) {
    const where = `${logName}/${name}`
    const bytes = await readWhole(parts, join(directory, name), where)
    if (bytes === null) continue
    const segment = salvageRecords(bytes, manifest.storeId, await statedEpoch(parts, directory, name))
    if (segment === null) {
      notes.lose('segment of the log without header and whole frames, or of another store', where)
      continue
    }
    last = Math.max(last ?? 0, segment.next - 1)
    if (segment.isHeadless) notes.salvage('segments of the log without their header')
    for (const { offset, length } of segment.damaged)
      notes.lose('damaged part of the log', `${where}, offset ${offset}, length ${length}`)
    for (const { position, start, end } of segment.records) {
      found.add(position)
      lastTimestamp = Math.max(lastTimestamp, recordTime(bytes, start))
      try {
        addRecord(facts, bytes, start, end, position)
        if (position > manifest.checkpoint) notes.salvage('records of the log')
      } catch {
        notes.lose('record of the log that cannot be read', `position ${position}`)
      }
      await facts.makeRoom()
    }
    await facts.settle()
    parts.onProgress('reading the log', index + 1, names.length)
  }
  return { found, last, lastTimestamp }
}

/**
 * Names what is in no file any more, by its positions. Up to *stored*, the furthest checkpoint that manifest or a shard tells of,
 * all messages are in body files, and each shard has all of its rows. What comes behind that is only in the log for sure,
 * which goes as far as the last body file at least. So
 *
 *  - what the log lacks behind *stored* is gone, and so is what came behind its end;
 *  - a shard whose checkpoint comes before *stored* is an older copy. What it lacks of its rows the log makes up for, if it still
 *    has all of that; else what is state and no message is gone.
 *
 * `bodiesThrough` is where the last generation ends that has a body file.
 */
export function nameMissingRecords(
  { notes, manifest }: GatherParts,
  shards: readonly GatheredShard[],
  { found, last }: GatheredLog,
  bodiesThrough: number,
): void {
  const stored = greatest([manifest.checkpoint, ...shards.map(({ checkpoint }) => checkpoint ?? 0)])
  const through = Math.max(stored, bodiesThrough)
  if (last !== null) {
    for (const gap of found.missing(stored + 1, last))
      notes.lose('records that the log lacks', `positions ${gap.first} to ${gap.last}`)
    if (last < through)
      notes.lose(
        'log that ends too early, as an older copy does: what came behind it',
        `log, behind position ${last} of ${through}`,
      )
  }
  for (const [index, { checkpoint, isDamaged }] of shards.entries()) {
    if (checkpoint === null || found.missing(checkpoint + 1, stored).length === 0) continue
    const where = `${shardsDirectory}/${shardName(index)}, behind position ${checkpoint} of ${stored}`
    const what = isDamaged
      ? 'damaged shard; if it ends too early as well, as an older copy does'
      : 'shard that ends too early, as an older copy does'
    notes.lose(`${what}: ${onlyInShards}`, where)
  }
}

/**
 * Names what cannot be read of LevelDB's own logs, where that may be a loss. A shard says that it has all records up to a
 * checkpoint behind their rows, and a table has that row only with all that was written before it: so what LevelDB's logs hold
 * comes behind the checkpoint that a table says, and the commit log has all of it, unless it lacks records itself.
 */
export function nameDamagedLogs(
  { notes }: GatherParts,
  shards: readonly GatheredShard[],
  { found, last }: GatheredLog,
  bodiesThrough: number,
): void {
  const furthest = greatest([last ?? 0, bodiesThrough, ...shards.map(({ checkpoint }) => checkpoint ?? 0)])
  for (const { damagedLogs, inTables } of shards) {
    if (last !== null && found.missing(inTables + 1, furthest).length === 0) continue
    for (const part of damagedLogs) notes.lose(damagedPart, part)
  }
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
  const untold = { fileSystem, notes: RepairNotes.silent() }
  const header = await withFile(untold, path, path, (file) => file.read(0, segmentHeaderBytes))
  return header === null ? null : epochBefore(header, manifest.storeId, number)
}
