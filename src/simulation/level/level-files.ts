import { join } from 'node:path'
import type { FileHandle, FileSystem } from '../../platform/file-system.js'
import {
  encodeLogRecord,
  encodeRows,
  encodeVersion,
  fileNumber,
  lastVersion,
  type LevelVersion,
  logName,
  manifestName,
  pendingName,
  readLog,
  tableName,
  decodeRows,
} from './level-format.js'
import type { LevelRow } from './level-rows.js'

const readBytes = 1024 * 1024

/** The directory of one simulated LevelDB: which file is written and synced when, as LevelDB 1.20 does it. */
export class LevelFiles {
  readonly #fileSystem: FileSystem
  readonly #directory: string
  #version: LevelVersion = { tables: [], logNumber: 0, nextFile: 2 }
  #nextFile = 2
  #manifest: Appended | null = null
  #log: Appended | null = null
  #logNumber = 0
  #logIsSound = true

  constructor(fileSystem: FileSystem, directory: string) {
    this.#fileSystem = fileSystem
    this.#directory = directory
  }

  get tables(): readonly number[] {
    return this.#version.tables
  }

  get logNumber(): number {
    return this.#logNumber
  }

  async exists(): Promise<boolean> {
    return (await this.#fileSystem.stat(this.#path('CURRENT'))) !== null
  }

  /** The first manifest is not synced, and neither is the name that CURRENT gets: a power cut leaves a database for nobody. */
  async create(): Promise<void> {
    for (const name of ['LOCK', 'LOG']) {
      if ((await this.#fileSystem.stat(this.#path(name))) === null)
        await (await Appended.create(this.#fileSystem, this.#path(name))).close()
    }
    const manifest = await this.#write(manifestName(1), encodeVersion(this.#version))
    await manifest.close()
    await this.#setCurrent(1)
  }

  /** Reads everything, puts what is in the logs into a table, and begins a manifest and a log. */
  async recover(): Promise<LevelRow[][]> {
    const version = lastVersion(await this.#manifestBytes())
    if (version === null) throw corruption('no meta-nextfile entry in descriptor')
    const names = await this.#fileSystem.list(this.#directory)
    const batches: LevelRow[][] = []
    for (const table of version.tables) {
      if (!names.includes(tableName(table))) throw corruption('1 missing files')
      batches.push(await this.#readTable(table))
    }
    const manifestNumber = version.nextFile
    this.#nextFile = manifestNumber + 1
    const logs = names
      .map(fileNumber)
      .filter((found) => found?.kind === 'log' && found.number >= version.logNumber)
      .map((found) => found?.number as number)
    const tables = [...version.tables]
    for (const log of logs) {
      this.#nextFile = Math.max(this.#nextFile, log + 1)
      const recovered = readLog(await this.#read(logName(log)))
      if (recovered.length === 0) continue
      batches.push(...recovered)
      tables.push(await this.writeTable(recovered.flat()))
    }
    await this.newLog()
    this.#version = { tables, logNumber: this.#logNumber, nextFile: this.#nextFile }
    this.#manifest = await this.#write(manifestName(manifestNumber), encodeVersion(this.#version))
    await this.#syncManifest()
    await this.#setCurrent(manifestNumber)
    await this.removeObsolete(manifestNumber)
    return batches
  }

  /** Closes the present log without a sync, and begins the next one. */
  async newLog(): Promise<void> {
    const number = this.#nextFile
    const next = await Appended.create(this.#fileSystem, this.#path(logName(number)))
    this.#nextFile++
    const last = this.#log
    this.#log = next
    this.#logNumber = number
    this.#logIsSound = true
    await last?.close().catch(() => undefined)
  }

  /** After a write that failed, what is appended is gone at the next opening, and nobody is told. */
  async appendToLog(rows: readonly LevelRow[]): Promise<void> {
    try {
      await this.#log?.append(encodeLogRecord(encodeRows(rows), this.#logIsSound))
    } catch (error) {
      this.#logIsSound = false
      throw error
    }
  }

  /** Synced. The number is used even when there are no rows for a table. */
  async writeTable(rows: Iterable<LevelRow>): Promise<number> {
    const number = this.#nextFile++
    const bytes = encodeRows(rows)
    if (bytes.length === 0) return 0
    const table = await this.#write(tableName(number), bytes)
    try {
      await table.sync()
    } finally {
      await table.close()
    }
    return number
  }

  /**
   * Directory, then manifest: only then the version counts. LevelDB appends to the manifest before it syncs the
   * directory; a journal of metadata keeps the new size of the one behind the entries of the other all the same.
   */
  async commit(tables: readonly number[], logNumber: number): Promise<void> {
    const version = { tables: [...tables], logNumber, nextFile: this.#nextFile }
    await this.#fileSystem.syncDirectory(this.#directory)
    await this.#manifest?.append(encodeVersion(version))
    await this.#manifest?.sync()
    this.#version = version
  }

  async removeObsolete(manifestNumber?: number): Promise<void> {
    const { tables, logNumber } = this.#version
    for (const name of await this.#fileSystem.list(this.#directory)) {
      const found = fileNumber(name)
      if (found === null) continue
      const { kind, number } = found
      const isObsolete =
        (kind === 'log' && number < logNumber) ||
        (kind === 'ldb' && !tables.includes(number)) ||
        (manifestNumber !== undefined &&
          ((kind === 'MANIFEST' && number !== manifestNumber) || kind === 'dbtmp'))
      // As in LevelDB, it stays where it is if that fails.
      if (isObsolete) await this.#fileSystem.unlink(this.#path(name)).catch(() => undefined)
    }
  }

  async close(): Promise<void> {
    await this.#log?.close().catch(() => undefined)
    await this.#manifest?.close().catch(() => undefined)
    this.#log = this.#manifest = null
  }

  async #manifestBytes(): Promise<Buffer> {
    const name = (await this.#read('CURRENT')).toString('latin1')
    if (!name.endsWith('\n')) throw corruption('CURRENT file does not end with newline')
    try {
      return await this.#read(name.trimEnd())
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      throw corruption('CURRENT points to a file that is not there')
    }
  }

  /** The newest value of each key in all tables, without what was deleted. */
  async readTables(): Promise<Map<string, Buffer | null>> {
    const newest = new Map<string, Buffer | null>()
    for (const table of this.tables) {
      for (const [key, value] of await this.#readTable(table)) {
        if (value === null) newest.delete(key)
        else newest.set(key, value)
      }
    }
    return newest
  }

  async #readTable(number: number): Promise<LevelRow[]> {
    const rows = decodeRows(await this.#read(tableName(number)))
    if (rows === null) throw corruption('bad block in a table')
    return rows
  }

  async #syncManifest(): Promise<void> {
    await this.#fileSystem.syncDirectory(this.#directory)
    await this.#manifest?.sync()
  }

  async #setCurrent(manifestNumber: number): Promise<void> {
    const pending = pendingName(manifestNumber)
    const file = await this.#write(pending, Buffer.from(`${manifestName(manifestNumber)}\n`))
    try {
      await file.sync()
    } finally {
      await file.close()
    }
    await this.#fileSystem.rename(this.#path(pending), this.#path('CURRENT'))
  }

  async #write(name: string, content: Buffer): Promise<Appended> {
    const path = this.#path(name)
    if ((await this.#fileSystem.stat(path)) !== null) await this.#fileSystem.unlink(path)
    const file = await Appended.create(this.#fileSystem, path)
    try {
      await file.append(content)
      return file
    } catch (error) {
      await file.close().catch(() => undefined)
      throw error
    }
  }

  async #read(name: string): Promise<Buffer> {
    const handle = await this.#fileSystem.open(this.#path(name), 'read')
    try {
      const parts: Buffer[] = []
      for (let at = 0; ;) {
        const part = Buffer.alloc(Math.min(readBytes, (await handle.size()) - at))
        const count = part.length === 0 ? 0 : await handle.read(part, at)
        if (count === 0) return Buffer.concat(parts)
        parts.push(part.subarray(0, count))
        at += count
      }
    } finally {
      await handle.close()
    }
  }

  #path(name: string): string {
    return join(this.#directory, name)
  }
}

/** A file that is written at its end. */
class Appended {
  readonly #handle: FileHandle
  #end = 0

  private constructor(handle: FileHandle) {
    this.#handle = handle
  }

  static async create(fileSystem: FileSystem, path: string): Promise<Appended> {
    return new Appended(await fileSystem.open(path, 'create'))
  }

  async append(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const count = await this.#handle.write(bytes.subarray(done), this.#end)
      if (count === 0) throw new Error('the disk takes nothing')
      done += count
      this.#end += count
    }
  }

  sync(): Promise<void> {
    return this.#handle.sync()
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}

function corruption(what: string): Error {
  return Object.assign(new Error(`Corruption: ${what}`), { code: 'LEVEL_CORRUPTION' })
}
