import { join } from 'node:path'
import { isColumbaError } from '../../errors.js'
import {
  bodyFileName,
  bodyHeaderBytes,
  checkBodyHeader,
  cutOf,
  parseBodyFileName,
} from '../../formats/body-file.js'
import { bodiesName } from '../../formats/store-names.js'
import type { FileSystem } from '../../platform/file-system.js'
import { addBlock } from '../repair/block-facts.js'
import { salvageBlocks } from '../repair/body-salvage.js'
import { RepairNotes } from '../repair/repair-notes.js'
import type { SalvagedFile } from '../repair/salvaged-file.js'
import { SeqRanges } from '../repair/seq-ranges.js'
import { withFile, type GatherParts } from './gather-parts.js'

/** All messages of all blocks whose checksums fit. Returns where the last generation ends that has a body file. */
export async function gatherBodies(parts: GatherParts, directory: string): Promise<number> {
  let through = 0
  const names = (await parts.fileSystem.list(directory)).filter((name) => parseBodyFileName(name) !== null)
  for (const [index, name] of names.entries()) {
    const where = `${bodiesName}/${name}`
    const isOurs = await withFile(parts, join(directory, name), where, (file) =>
      gatherFile(parts, file, name, where),
    )
    // One that cannot be opened was there as well.
    if (isOurs !== false) through = Math.max(through, cutOf(parseBodyFileName(name) ?? 0))
    await parts.facts.settle()
    parts.onProgress('reading body files', index + 1, names.length)
  }
  return through
}

/** False of one of another store. */
async function gatherFile(
  { facts, notes, manifest }: GatherParts,
  file: SalvagedFile,
  name: string,
  where: string,
): Promise<boolean> {
  if (isOtherStores(await file.read(0, bodyHeaderBytes), manifest.storeId, name)) {
    notes.lose('body file of another store, left aside', where)
    return false
  }
  for await (const found of salvageBlocks(file)) {
    if (!('head' in found)) {
      notes.lose('damaged part of a body file', `${where}, offset ${found.offset}, length ${found.length}`)
      continue
    }
    addBlock(facts, found)
    notes.salvage('blocks of messages')
    await facts.makeRoom()
  }
  return true
}

/** How many messages there are in the blocks of all body files; a merge that was interrupted leaves them twice. */
export async function countMessages(fileSystem: FileSystem, directory: string): Promise<number> {
  const seen = new SeqRanges()
  const count = async (file: SalvagedFile): Promise<void> => {
    for await (const found of salvageBlocks(file))
      if ('head' in found) {
        const { conversation, firstSeq, count: messages } = found.head
        seen.add(conversation, firstSeq, firstSeq + messages - 1)
      }
  }
  const notes = RepairNotes.silent()
  for (const name of await fileSystem.list(directory))
    if (parseBodyFileName(name) !== null)
      await withFile({ fileSystem, notes }, join(directory, name), name, count)
  return seen.count
}

/** A whole header with another store's id. With a damaged one the blocks' own checksums decide. */
function isOtherStores(header: Buffer, storeId: Uint8Array, name: string): boolean {
  const said = header.subarray(8, 24)
  if (header.length < bodyHeaderBytes || said.equals(storeId)) return false
  try {
    checkBodyHeader(header, said, parseBodyFileName(name) ?? 0)
    return bodyFileName(parseBodyFileName(name) ?? 0) === name
  } catch (error) {
    if (isColumbaError(error, 'CORRUPT')) return false
    throw error
  }
}
