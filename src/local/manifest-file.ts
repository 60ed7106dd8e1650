import { join } from 'node:path'
import { ColumbaError } from '../errors.js'
import { parseBodyFileName } from '../formats/body-file.js'
import { decodeManifest, encodeManifest, idBytes, type Manifest } from '../formats/manifest.js'
import { repairName, repairReportName } from '../formats/repair-names.js'
import { segmentNumber } from '../formats/segment.js'
import { shardsDirectory } from '../formats/shard-names.js'
import { bodiesName, logName, manifestName } from '../formats/store-names.js'
import type { FileSystem } from '../platform/file-system.js'
import { readHead, replaceFile, writeAside } from '../platform/whole-files.js'
import type { Random } from '../platform/random.js'

/** Only the holder of the shards' locks writes it, so one name is enough; a first manifest has a name of its own. */
const nextName = `${manifestName}.new`
const firstPrefix = `${manifestName}.first-`
/** A newer format may be longer than this one's 4,188 bytes; what is longer than this is no manifest. */
const maxBytes = 1024 * 1024

/**
 * The manifest on the disk. It is replaced as a whole: written aside, synced, renamed over the old one, and the
 * directory synced. A crash leaves the old one or the new one, and perhaps the file aside, which is written over. Reading
 * removes nothing: whoever is about to be refused reads too, and a holder elsewhere may be between writing and renaming.
 *
 * At creation it comes first, with `created: false`, and the shards after it: so a directory with shards and without a
 * manifest has lost it.
 */
export class ManifestFile {
  readonly path: string
  readonly #fileSystem: FileSystem
  readonly #directory: string

  constructor(fileSystem: FileSystem, directory: string) {
    this.#fileSystem = fileSystem
    this.#directory = directory
    this.path = join(directory, manifestName)
  }

  /** Null in a directory that is no store yet. CORRUPT with file and offset; INCOMPATIBLE, and nothing touched, if newer. */
  async read(): Promise<Manifest | null> {
    // In this order: where shards are seen, their manifest was there before, also if somebody is just creating them.
    const names = await this.#fileSystem.list(this.#directory)
    const bytes = await this.#bytes()
    const manifest = bytes === null ? null : decodeManifest(bytes, this.path)
    if (names.includes(repairName)) await this.#refuseHalfRepaired()
    if (manifest === null && names.includes(shardsDirectory)) {
      throw new ColumbaError(
        'CORRUPT',
        `${this.path} is missing beside ${shardsDirectory}; restore it from a backup`,
        {
          file: this.path,
          offset: 0,
        },
      )
    }
    return manifest
  }

  /** While a repair puts new parts in the place of old ones, what lies here is neither store. */
  async #refuseHalfRepaired(): Promise<void> {
    const file = join(this.#directory, repairName, repairReportName)
    if ((await this.#fileSystem.stat(file)) === null) return
    const what = `a repair of ${this.#directory} was interrupted; run columba repair again, it goes on from there`
    throw new ColumbaError('CORRUPT', what, { file, offset: 0 })
  }

  /**
   * After a rejection it is unknown which of the two is there: the caller writes nothing more and opens anew. One call at
   * a time.
   */
  async replace(manifest: Manifest): Promise<void> {
    const next = join(this.#directory, nextName)
    await replaceFile(this.#fileSystem, this.path, next, [encodeManifest(manifest)])
  }

  /**
   * Writes the first manifest of a store and returns it, or what another process has made of the directory meanwhile. The name
   * aside is this process's own, since nothing is locked yet.
   */
  async create(manifest: Manifest): Promise<Manifest> {
    const aside = join(this.#directory, `${firstPrefix}${Buffer.from(manifest.storeId).toString('hex')}`)
    const forget = (): Promise<void> => this.#fileSystem.unlink(aside).catch(() => undefined)
    try {
      await writeAside(this.#fileSystem, aside, [encodeManifest(manifest)])
      const found = await this.read()
      if (found !== null) {
        await forget()
        return found
      }
      await this.#fileSystem.rename(aside, this.path)
    } catch (error) {
      await forget()
      // The process that has the store by now has removed it as a leftover.
      const made = await this.read()
      if (made === null) throw error
      return made
    }
    await this.#fileSystem.syncDirectory(this.#directory)
    return manifest
  }

  /** True if it has not been replaced since it was read or made. */
  async isStill(manifest: Manifest): Promise<boolean> {
    const found = await this.read()
    return found !== null && encodeManifest(found).equals(encodeManifest(manifest))
  }

  /**
   * A segment of the log or a body file: neither is made before the manifest says that the store was created. Beside one that
   * does not, it is the trace of a store that has got its first manifest back, from a backup perhaps. Null if there is none.
   */
  async traceOfUse(): Promise<string | null> {
    const parts = [
      [logName, (name: string) => segmentNumber(name) !== null],
      [bodiesName, (name: string) => parseBodyFileName(name) !== null],
    ] as const
    for (const [part, isTrace] of parts) {
      const directory = join(this.#directory, part)
      if ((await this.#fileSystem.stat(directory))?.directory !== true) continue
      const found = (await this.#fileSystem.list(directory)).find(isTrace)
      if (found !== undefined) return join(directory, found)
    }
    return null
  }

  /** IMPORTANT: before shards are made anew, which empties them. CORRUPT if the store was open before. */
  async assertNeverOpen(): Promise<void> {
    const trace = await this.traceOfUse()
    if (trace === null) return
    throw new ColumbaError(
      'CORRUPT',
      `${this.path} says that the store was never open, and there is ${trace}; put the right manifest back, restore a backup, or run columba repair`,
      { file: this.path, offset: 36 },
    )
  }

  /** Removes first manifests that came to nothing. Only for the holder of the shards' locks. One that stays does no harm. */
  async removeLeftovers(): Promise<void> {
    for (const name of await this.#fileSystem.list(this.#directory))
      if (name.startsWith(firstPrefix))
        await this.#fileSystem.unlink(join(this.#directory, name)).catch(() => undefined)
  }

  async #bytes(): Promise<Buffer | null> {
    const found = await this.#fileSystem.stat(this.path)
    if (found === null) return null
    const handle = await this.#fileSystem.open(this.path, 'read')
    try {
      return await readHead(handle, Math.min(found.size, maxBytes))
    } finally {
      await handle.close()
    }
  }
}

/** What a store is created with. */
export interface StoreLayout {
  readonly shards: number
  readonly virtualNodes: number
}

/** The manifest of a store that does not exist yet. */
export function newManifest(random: Random, now: number, layout: StoreLayout): Manifest {
  return {
    storeId: newId(random),
    epoch: newEpoch(random, 0),
    createdAt: now,
    lastTimestamp: 0,
    checkpoint: 0,
    clean: false,
    created: false,
    lossy: false,
    ringSecret: newId(random),
    virtualNodes: layout.virtualNodes,
    shardIds: Array.from({ length: layout.shards }, () => newId(random)),
  }
}

const newId = (random: Random): Uint8Array => Uint8Array.from(random.bytes(idBytes))

/** Random, so that two copies of one store that were both opened again do not meet on a time line. Never 0. */
export function newEpoch(random: Random, previous: number): number {
  for (;;) {
    const epoch = Buffer.from(random.bytes(4)).readUInt32LE()
    if (epoch !== 0 && epoch !== previous) return epoch
  }
}

/** INCOMPATIBLE if an option was given that differs from what the store was created with. */
export function assertSameLayout(
  manifest: Manifest,
  given: { readonly [Name in keyof StoreLayout]?: number | undefined },
): void {
  const stored: StoreLayout = { shards: manifest.shardIds.length, virtualNodes: manifest.virtualNodes }
  for (const name of ['shards', 'virtualNodes'] as const) {
    const wanted = given[name]
    if (wanted === undefined || wanted === stored[name]) continue
    throw new ColumbaError(
      'INCOMPATIBLE',
      `the store was created with ${name}: ${stored[name]}, not ${wanted}`,
      {
        field: name,
        stored: stored[name],
        given: wanted,
      },
    )
  }
}
