import { join } from 'node:path'
import { segmentNumber } from '../../formats/segment.js'
import { shardName, shardsDirectory } from '../../formats/shard-names.js'
import { logName } from '../../formats/store-names.js'
import { salvageRecords } from '../repair/log-salvage.js'
import { RepairNotes } from '../repair/repair-notes.js'
import { closedTables, listIfThere } from './damaged-tables.js'
import { readWhole, type GatherParts } from './gather-parts.js'

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
  for await (const { shard, name, isSound } of closedTables(fileSystem, store, manifest.shardIds.length))
    if (!isSound) return `table ${shardsDirectory}/${shardName(shard)}/${name} is damaged`
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
