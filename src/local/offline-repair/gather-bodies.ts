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
import { addBlock, addDoubtfulBlock } from '../repair/block-facts.js'
import { salvageBlocks, type BlockPlace, type KnownOfFile } from '../repair/body-salvage.js'
import type { Facts } from '../repair/facts.js'
import { RepairNotes } from '../repair/repair-notes.js'
import type { SalvagedFile } from '../repair/salvaged-file.js'
import { SeqRanges } from '../repair/seq-ranges.js'
import { withFile, type GatherParts } from './gather-parts.js'

/**
 * All messages of all blocks whose checksums fit; last, and only where nothing else tells of them, those of blocks that may be none.
 * `logTimestamp` is the latest time that the log tells of. Returns where the last generation ends that has a body file.
 */
export async function gatherBodies(
  parts: GatherParts,
  directory: string,
  logTimestamp: number,
): Promise<number> {
  const { fileSystem, facts, notes, manifest } = parts
  let through = 0
  let latest = Math.max(manifest.lastTimestamp, logTimestamp)
  const names = (await fileSystem.list(directory)).filter((name) => parseBodyFileName(name) !== null)
  const doubtful: string[] = []
  for (const [index, name] of names.entries()) {
    const where = `${bodiesName}/${name}`
    const found = await withFile(parts, join(directory, name), where, (file) =>
      gatherFile(parts, file, name, where),
    )
    // One that cannot be opened was there as well.
    if (found?.isOurs !== false) through = Math.max(through, cutOf(fileOf(name)))
    if (found?.isDoubtful === true) doubtful.push(name)
    latest = Math.max(latest, found?.latest ?? 0)
    await facts.settle()
    parts.onProgress('reading body files', index + 1, names.length)
  }
  // What cannot be read of them has been named.
  const quiet = { fileSystem, notes: RepairNotes.silent() }
  for (const name of doubtful) {
    const taken = await withFile(quiet, join(directory, name), name, (file) =>
      gatherDoubtful(facts, file, name, latest),
    )
    if (taken !== null && taken > 0)
      notes.lose(
        'where a body file is damaged nothing says where its blocks begin; what looks like one was taken, and may be a text',
        `${bodiesName}/${name}, ${taken} messages`,
      )
    await facts.settle()
  }
  return through
}

interface GatheredFile {
  /** False of one of another store. */
  readonly isOurs: boolean
  /** Some of what was found is not in its place, and was left out. */
  readonly isDoubtful: boolean
  /** The latest time of those that are in their place. */
  readonly latest: number
}

async function gatherFile(
  { facts, notes, manifest }: GatherParts,
  file: SalvagedFile,
  name: string,
  where: string,
): Promise<GatheredFile> {
  if (isOtherStores(await file.read(0, bodyHeaderBytes), manifest.storeId, name)) {
    notes.lose('body file of another store, left aside', where)
    return { isOurs: false, isDoubtful: false, latest: 0 }
  }
  let isDoubtful = false
  let latest = 0
  for await (const found of salvageBlocks(file, knownOf(name, facts))) {
    if (!('head' in found)) {
      notes.lose('damaged part of a body file', `${where}, offset ${found.offset}, length ${found.length}`)
      continue
    }
    if (!found.isInPlace) {
      isDoubtful = true
      continue
    }
    addBlock(facts, found)
    latest = Math.max(latest, found.entries.at(-1)?.timestamp ?? 0)
    notes.salvage('blocks of messages')
    await facts.makeRoom()
  }
  return { isOurs: true, isDoubtful, latest }
}

/** Returns how many messages were taken. */
async function gatherDoubtful(
  facts: Facts,
  file: SalvagedFile,
  name: string,
  latest: number,
): Promise<number> {
  let taken = 0
  for await (const found of salvageBlocks(file, knownOf(name, facts))) {
    if (!('head' in found) || found.isInPlace) continue
    taken += await addDoubtfulBlock(facts, found, latest)
    await facts.makeRoom()
  }
  return taken
}

const fileOf = (name: string): number => parseBodyFileName(name) ?? 0

const knownOf = (name: string, facts: Facts): KnownOfFile => ({
  cut: cutOf(fileOf(name)),
  places: facts.places(fileOf(name)),
})

/** How many messages there are in the blocks of all body files; a merge that was interrupted leaves them twice. */
export async function countMessages(fileSystem: FileSystem, directory: string): Promise<number> {
  const seen = new SeqRanges()
  const nowhere = async function* (): AsyncGenerator<BlockPlace> {}
  const count = async (file: SalvagedFile, cut: number): Promise<void> => {
    for await (const found of salvageBlocks(file, { cut, places: nowhere() }))
      if ('head' in found) {
        const { conversation, firstSeq, count: messages } = found.head
        seen.add(conversation, firstSeq, firstSeq + messages - 1)
      }
  }
  const notes = RepairNotes.silent()
  for (const name of await fileSystem.list(directory))
    if (parseBodyFileName(name) !== null)
      await withFile({ fileSystem, notes }, join(directory, name), name, (file) =>
        count(file, cutOf(fileOf(name))),
      )
  return seen.count
}

/** A whole header with another store's id. With a damaged one the blocks' own checksums decide. */
function isOtherStores(header: Buffer, storeId: Uint8Array, name: string): boolean {
  const said = header.subarray(8, 24)
  if (header.length < bodyHeaderBytes || said.equals(storeId)) return false
  try {
    checkBodyHeader(header, said, fileOf(name))
    return bodyFileName(fileOf(name)) === name
  } catch (error) {
    if (isColumbaError(error, 'CORRUPT')) return false
    throw error
  }
}
