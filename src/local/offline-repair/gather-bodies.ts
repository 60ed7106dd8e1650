import { join } from 'node:path'
import { isColumbaError } from '../../errors.js'
import { bodyFileName, bodyHeaderBytes, checkBodyHeader, parseBodyFileName } from '../../formats/body-file.js'
import { bodiesName } from '../../formats/store-names.js'
import type { FileSystem } from '../../platform/file-system.js'
import { addBlock } from '../repair/block-facts.js'
import { salvageBlocks } from '../repair/body-salvage.js'
import { RepairNotes } from '../repair/repair-notes.js'
import type { SalvagedFile } from '../repair/salvaged-file.js'
import { SeqRanges } from '../repair/seq-ranges.js'
import { withFile, type GatherParts } from './repair-gather.js'

/** What was found reaches the disk each time that there is so much of it. */
const settleBytes = 4 * 1024 * 1024

/** All messages of all blocks whose checksums fit. */
export async function gatherBodies(parts: GatherParts, directory: string): Promise<void> {
  const names = (await parts.fileSystem.list(directory)).filter((name) => parseBodyFileName(name) !== null)
  for (const [index, name] of names.entries()) {
    const where = `${bodiesName}/${name}`
    await withFile(parts, join(directory, name), where, (file) => gatherFile(parts, file, name, where))
    await parts.facts.settle()
    parts.onProgress('reading body files', index + 1, names.length)
  }
}

async function gatherFile(
  { facts, notes, manifest }: GatherParts,
  file: SalvagedFile,
  name: string,
  where: string,
): Promise<void> {
  if (isOtherStores(await file.read(0, bodyHeaderBytes), manifest.storeId, name)) {
    notes.lose('body file of another store, left aside', where)
    return
  }
  let unsettled = 0
  for await (const found of salvageBlocks(file)) {
    if (!('head' in found)) {
      notes.lose('damaged part of a body file', `${where}, offset ${found.offset}, length ${found.length}`)
      continue
    }
    addBlock(facts, found)
    notes.salvage('blocks of messages')
    unsettled += found.bytes.length
    if (unsettled < settleBytes) continue
    await facts.settle()
    unsettled = 0
  }
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
  const notes = new RepairNotes()
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
