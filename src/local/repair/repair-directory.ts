import { join } from 'node:path'
import { ColumbaError } from '../../errors.js'
import { repairName, repairReportName } from '../../formats/repair-names.js'
import { segmentNumber } from '../../formats/segment.js'
import { isLevelFile, shardIndex, shardsDirectory } from '../../formats/shard-names.js'
import { bodiesName, filterName, logName, manifestName } from '../../formats/store-names.js'
import type { FileSystem } from '../../platform/file-system.js'
import { replaceFile, writeAside } from '../../platform/whole-files.js'
import { assertDamage, SalvagedFile } from './salvaged-file.js'

/** What a store consists of, in the order in which a repair puts the new in the place of the old. */
const parts = [filterName, shardsDirectory, bodiesName, logName, manifestName] as const
/** A mount point, or a directory that lies on another device: it stays where it is, whoever asks. */
const unmovable = new Set<unknown>(['EBUSY', 'EXDEV'])
const pieceBytes = 1 << 20

/**
 * The directory in which a repair makes the store anew, beside the old one. Until its report is there nothing of the store has
 * been touched, and what lies in it may go. From then on the store is not opened until every part has changed places: each
 * step can be taken again after a crash. In the end the directory is renamed, and keeps the report and all that the store was.
 */
export class RepairDirectory {
  readonly path: string
  readonly #fileSystem: FileSystem
  readonly #store: string
  readonly #removeTree: (path: string) => Promise<void>

  constructor(fileSystem: FileSystem, store: string, removeTree: (path: string) => Promise<void>) {
    this.#fileSystem = fileSystem
    this.#removeTree = removeTree
    this.#store = store
    this.path = join(store, repairName)
  }

  /** Makes it, empty. */
  async clear(): Promise<void> {
    await this.#removeTree(this.path)
    await this.#fileSystem.makeDirectory(this.path)
  }

  /** Nothing was done. */
  discard(): Promise<void> {
    return this.#removeTree(this.path)
  }

  /**
   * Copies files of the store as they are, those with names of a store only; returns those that are missing, or of which
   * something could not be read.
   */
  async copy(part: string, into: string): Promise<string[]> {
    return copyTree(this.#fileSystem, join(this.#store, part), join(this.path, into, part))
  }

  remove(name: string): Promise<void> {
    return this.#removeTree(join(this.path, name))
  }

  /** IMPORTANT: everything else in the directory is on the disk before. From here on the store is in parts. */
  async commit(report: Uint8Array): Promise<void> {
    const path = join(this.path, repairReportName)
    await this.#fileSystem.makeDirectory(join(this.path, 'old'))
    // Where the old store has no filter the next opening makes one: so a part that is made and put in place leaves an old one,
    // or it is one without which there is no new store, and an exchange can be taken back by what is there.
    if (!(await this.#is(join(this.#store, filterName)))) await this.remove(filterName)
    await this.#fileSystem.syncDirectory(this.path)
    await this.#fileSystem.syncDirectory(this.#store)
    await replaceFile(this.#fileSystem, path, `${path}.tmp`, [report])
  }

  /** Takes the report back, where no part has changed places: the store is as it was, and is opened again. */
  async withdraw(): Promise<void> {
    await this.#fileSystem.unlink(join(this.path, repairReportName))
    await this.#fileSystem.syncDirectory(this.path)
    await this.discard()
  }

  /**
   * Puts the new parts into the places of the old ones, which it keeps, and gives the directory its last name. If one cannot be
   * moved, all that was is put back, and the store is as it was before; if that fails too, the next repair goes on.
   */
  async swap(kept: string): Promise<void> {
    try {
      for (const part of parts) await this.#exchange(part)
      await this.#rename(this.path, join(this.#store, kept))
    } catch (error) {
      const isBack = await this.#takeBack().then(
        () => true,
        () => false,
      )
      throw isBack ? whyUnmoved(this.#store, error) : error
    }
  }

  async #exchange(part: string): Promise<void> {
    const { present, made, old } = this.#places(part)
    const isMade = await this.#is(made)
    if ((isMade || part === filterName) && (await this.#is(present)) && !(await this.#is(old)))
      await this.#rename(present, old)
    if (isMade) await this.#rename(made, present)
  }

  /** The steps of an exchange, also of one that an earlier repair began, the last first: in between it can go on as well. */
  async #takeBack(): Promise<void> {
    for (const part of [...parts].reverse()) {
      const { present, made, old } = this.#places(part)
      const isKept = await this.#is(old)
      const isNew = (isKept || part !== filterName) && !(await this.#is(made))
      if (isNew && (await this.#is(present))) await this.#rename(present, made)
      if (isKept) await this.#rename(old, present)
    }
    await this.withdraw()
  }

  /** Where a part is, where the new one is made, and where the old one is kept. */
  #places(part: string): { present: string; made: string; old: string } {
    return {
      present: join(this.#store, part),
      made: join(this.path, part),
      old: join(this.path, 'old', part),
    }
  }

  async #is(path: string): Promise<boolean> {
    return (await this.#fileSystem.stat(path)) !== null
  }

  async #rename(from: string, to: string): Promise<void> {
    const fileSystem = this.#fileSystem
    await fileSystem.rename(from, to)
    for (const directory of [this.#store, this.path, join(this.path, 'old')])
      if (await this.#is(directory)) await fileSystem.syncDirectory(directory)
  }
}

function whyUnmoved(store: string, error: unknown): unknown {
  const { code, path = store } = error as NodeJS.ErrnoException
  if (!unmovable.has(code)) return error
  return new ColumbaError(
    'INVALID_ARGUMENT',
    `${path} cannot be moved, as a mount point cannot, and the store is as it was; repair a copy of the whole directory`,
    { field: 'location', file: path },
    error,
  )
}

/** All files below a directory, and how many bytes they have. */
export async function sizeOf(fileSystem: FileSystem, path: string): Promise<number> {
  const found = await fileSystem.stat(path)
  if (found === null) return 0
  if (!found.directory) return found.size
  let bytes = 0
  for (const name of await fileSystem.list(path)) bytes += await sizeOf(fileSystem, join(path, name))
  return bytes
}

/** Whether a store has such files or directories in its log and shards: whatever else somebody put there is no part of it. */
const isOfStore = (name: string): boolean =>
  segmentNumber(name) !== null || shardIndex(name) !== null || isLevelFile(name)

async function copyTree(fileSystem: FileSystem, from: string, to: string): Promise<string[]> {
  const found = await fileSystem.stat(from)
  if (found === null) return [from]
  if (found.directory) {
    await fileSystem.makeDirectory(to)
    const unread: string[] = []
    for (const name of (await fileSystem.list(from)).filter(isOfStore))
      unread.push(...(await copyTree(fileSystem, join(from, name), join(to, name))))
    return unread
  }
  let source: SalvagedFile
  try {
    source = await SalvagedFile.open(fileSystem, from)
  } catch (error) {
    assertDamage(error)
    return [from]
  }
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < source.size; at += pieceBytes) yield await source.read(at, pieceBytes)
  }
  try {
    await writeAside(fileSystem, to, pieces())
  } finally {
    await source.close()
  }
  return source.unread.length === 0 ? [] : [from]
}
