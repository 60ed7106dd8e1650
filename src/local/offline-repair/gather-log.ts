import { join } from 'node:path'
import { segmentHeaderBytes, segmentName, segmentNumber } from '../../formats/segment.js'
import { shardName, shardsDirectory } from '../../formats/shard-names.js'
import { logName } from '../../formats/store-names.js'
import { epochBefore, salvageRecords } from '../repair/log-salvage.js'
import { addRecord } from '../repair/record-facts.js'
import { RepairNotes } from '../repair/repair-notes.js'
import { readWhole, withFile, type GatherParts } from './gather-parts.js'
import { onlyInShards, type GatheredShard } from './gather-shard.js'

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
  const untold = { fileSystem, notes: RepairNotes.silent() }
  const header = await withFile(untold, path, path, (file) => file.read(0, segmentHeaderBytes))
  return header === null ? null : epochBefore(header, manifest.storeId, number)
}

/** What lies below the checkpoint is in the shards. */
function noteGap({ notes, manifest }: GatherParts, from: number, to: number): void {
  const first = Math.max(from, manifest.checkpoint + 1)
  if (first <= to) notes.lose('records that the log lacks', `positions ${first} to ${to}`)
}
