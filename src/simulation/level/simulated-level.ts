import type {
  DatabaseSnapshot,
  ShardBatch,
  ShardDatabase,
  ShardIterator,
  ShardIteratorOptions,
  ShardOpener,
  ShardOpenOptions,
  ShardReadOptions,
} from '../../local/shards/shard-database.js'
import type { FileSystem } from '../../platform/file-system.js'
import { LevelFiles } from './level-files.js'
import { type LevelRow, LevelRows } from './level-rows.js'

export interface SimulatedLevelWorld {
  readonly fileSystem: FileSystem
  /** Waits for the turn of a read. */
  readonly turn: (label: string) => Promise<void>
}

/** Tables from which on all are merged into one. */
const mergeFrom = 4

/** Opens simulated databases on a file system: for the tests of a store, in place of LevelDB. */
export function simulatedLevelOpener(world: SimulatedLevelWorld): ShardOpener {
  return (location, options) => SimulatedLevel.open(world, location, options)
}

/**
 * A database that fails as LevelDB 1.20 under classic-level does, where that matters:
 *
 *  - A write appends to the log and syncs nothing. When memory is full the log is changed without a sync: a power cut may
 *    take rows of the old log and leave newer ones.
 *  - A log write that fails is rejected once. Later ones are accepted, and are gone at the next opening. (LevelDB's own are
 *    gone from the next block of 32 KiB on: here everything is lost that may be.)
 *  - A flush that fails in the background makes later writes fail, and `compactRange` resolves all the same.
 *  - Logs are removed only after table, directory and manifest are synced, and never after a failure.
 *  - Nothing is checked when it is read.
 */
export class SimulatedLevel implements ShardDatabase {
  readonly #world: SimulatedLevelWorld
  readonly #files: LevelFiles
  readonly #rows = new LevelRows()
  readonly #writeBufferBytes: number
  #memory: LevelRow[] = []
  #memoryBytes = 0
  #writes: Promise<unknown> = Promise.resolve()
  #flushing: Promise<void> | null = null
  #failure: Error | null = null
  #closed: Promise<void> | null = null
  #reads = 0
  #idle: (() => void) | null = null

  private constructor(world: SimulatedLevelWorld, files: LevelFiles, writeBufferBytes: number) {
    this.#world = world
    this.#files = files
    this.#writeBufferBytes = writeBufferBytes
  }

  static async open(
    world: SimulatedLevelWorld,
    location: string,
    { create, writeBufferBytes }: ShardOpenOptions,
  ): Promise<SimulatedLevel> {
    const files = new LevelFiles(world.fileSystem, location)
    try {
      const exists = await files.exists()
      if (!exists) {
        if (!create)
          throw new Error(`Invalid argument: ${location}: does not exist (create_if_missing is false)`)
        await files.create()
      }
      const level = new SimulatedLevel(world, files, writeBufferBytes)
      for (const batch of await files.recover()) level.#rows.apply(batch)
      return level
    } catch (cause) {
      await files.close()
      throw Object.assign(new Error('Database failed to open', { cause }), {
        code: 'LEVEL_DATABASE_NOT_OPEN',
      })
    }
  }

  /** Snapshots and iterators that nobody has closed. */
  get held(): number {
    return this.#rows.held
  }

  async get(key: Buffer, options: ShardReadOptions): Promise<Buffer | undefined> {
    const sequence = this.#sequence(options)
    const name = key.toString('latin1')
    return this.#read(() => copy(this.#rows.get(name, sequence)))
  }

  getSync(key: Buffer, options: ShardReadOptions = {}): Buffer | undefined {
    this.#assertOpen()
    return copy(this.#rows.get(key.toString('latin1'), this.#sequence(options)))
  }

  async getMany(keys: Buffer[], options: ShardReadOptions): Promise<(Buffer | undefined)[]> {
    // Without a snapshot of the caller's, one of its own.
    const held = this.#rows.hold()
    const sequence = Math.min(this.#sequence(options), held.sequence)
    const names = keys.map((key) => key.toString('latin1'))
    try {
      return await this.#read(() => names.map((name) => copy(this.#rows.get(name, sequence))))
    } finally {
      held.release()
    }
  }

  snapshot(): DatabaseSnapshot {
    this.#assertOpen()
    return new SimulatedSnapshot(this.#rows)
  }

  iterator({ gte, lt, reverse, limit, snapshot }: ShardIteratorOptions): ShardIterator {
    this.#assertOpen()
    const held = this.#rows.hold()
    const sequence = Math.min(this.#sequence({ snapshot }), held.sequence)
    let rows: [string, Buffer][] | null = null
    return {
      nextv: (size) =>
        this.#read(() => {
          rows ??= this.#rows.range(gte.toString('latin1'), lt.toString('latin1'), reverse, limit, sequence)
          return rows.splice(0, size).map(([key, value]) => [Buffer.from(key, 'latin1'), Buffer.from(value)])
        }),
      close: () => {
        held.release()
        return Promise.resolve()
      },
    }
  }

  batch(): ShardBatch {
    this.#assertOpen()
    const rows: LevelRow[] = []
    return {
      put: (key, value) => rows.push([key.toString('latin1'), Buffer.from(value)]),
      del: (key) => rows.push([key.toString('latin1'), null]),
      write: () => this.#inOrder(() => this.#write(rows)),
      close: () => Promise.resolve(),
    }
  }

  /** Only as a flush: for a range that holds no keys. It resolves whatever happens. */
  compactRange(_start: Buffer, _end: Buffer): Promise<void> {
    return this.#inOrder(async () => {
      this.#assertOpen()
      await this.#flushing
      if (this.#failure === null) await this.#rollOver()
      await this.#flushing
    }).catch(() => undefined)
  }

  getProperty(name: string): string {
    this.#assertOpen()
    return name.endsWith('num-files-at-level0')
      ? String(this.#files.tables.length)
      : String(this.#memoryBytes)
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  async #close(): Promise<void> {
    await this.#writes.catch(() => undefined)
    await this.#flushing
    if (this.#reads > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    await this.#files.close()
  }

  async #write(rows: readonly LevelRow[]): Promise<void> {
    if (this.#failure !== null) throw ioError(this.#failure)
    if (this.#memoryBytes >= this.#writeBufferBytes) {
      await this.#flushing
      if (this.#failure !== null) throw ioError(this.#failure)
      await this.#rollOver()
    }
    try {
      await this.#files.appendToLog(rows)
    } catch (error) {
      throw ioError(error)
    }
    this.#rows.apply(rows)
    this.#memory.push(...rows)
    for (const [key, value] of rows) this.#memoryBytes += key.length + (value?.length ?? 0) + 8
  }

  /** Rejects if there can be no new log; nothing has happened then. */
  async #rollOver(): Promise<void> {
    try {
      await this.#files.newLog()
    } catch (error) {
      throw ioError(error)
    }
    const rows = this.#memory
    this.#memory = []
    this.#memoryBytes = 0
    this.#flushing = this.#flush(rows, this.#files.logNumber)
      .catch((error: unknown) => {
        this.#failure ??= error as Error
      })
      .finally(() => {
        this.#flushing = null
      })
  }

  async #flush(rows: readonly LevelRow[], logNumber: number): Promise<void> {
    const files = this.#files
    const table = await files.writeTable(newestOf(rows))
    const tables = table === 0 ? files.tables : [...files.tables, table]
    await files.commit(tables, logNumber)
    await files.removeObsolete()
    if (tables.length < mergeFrom) return
    const merged = await files.writeTable(await files.readTables())
    await files.commit(merged === 0 ? [] : [merged], logNumber)
    await files.removeObsolete()
  }

  #inOrder(work: () => Promise<void>): Promise<void> {
    const done = this.#writes.then(work, work)
    this.#writes = done
    done.catch(() => undefined)
    return done
  }

  async #read<T>(look: () => T): Promise<T> {
    this.#assertOpen()
    this.#reads++
    try {
      await this.#world.turn('level read')
      return look()
    } finally {
      this.#reads--
      if (this.#reads === 0) this.#idle?.()
    }
  }

  #sequence({ snapshot }: ShardReadOptions): number {
    return snapshot instanceof SimulatedSnapshot ? snapshot.sequence : Infinity
  }

  #assertOpen(): void {
    if (this.#closed === null) return
    throw Object.assign(new Error('Database is not open'), { code: 'LEVEL_DATABASE_NOT_OPEN' })
  }
}

class SimulatedSnapshot implements DatabaseSnapshot {
  readonly sequence: number
  readonly #release: () => void
  #references = 0
  #closing = false

  constructor(rows: LevelRows) {
    const { sequence, release } = rows.hold()
    this.sequence = sequence
    this.#release = release
  }

  ref(): void {
    this.#references++
  }

  unref(): void {
    this.#references--
    if (this.#closing && this.#references === 0) this.#release()
  }

  close(): Promise<void> {
    this.#closing = true
    if (this.#references === 0) this.#release()
    return Promise.resolve()
  }
}

function newestOf(rows: readonly LevelRow[]): Map<string, Buffer | null> {
  const newest = new Map<string, Buffer | null>()
  for (const [key, value] of rows) newest.set(key, value)
  return newest
}

function copy(value: Buffer | undefined): Buffer | undefined {
  return value === undefined ? undefined : Buffer.from(value)
}

function ioError(error: unknown): Error {
  return Object.assign(new Error(`IO error: ${(error as Error).message}`, { cause: error }), {
    code: 'LEVEL_IO_ERROR',
  })
}
