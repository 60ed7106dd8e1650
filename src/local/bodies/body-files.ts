import { join } from 'node:path'
import { ColumbaError, isColumbaError } from '../../errors.js'
import {
  bodyFileName,
  bodyHeaderBytes,
  checkBodyHeader,
  encodeBodyHeader,
  levelOf,
  parseBodyFileName,
} from '../../formats/body-file.js'
import type { FileHandle, FileSystem } from '../../platform/file-system.js'
import type { ReadPace } from '../../platform/read-pace.js'
import { readError } from '../../platform/system-errors.js'
import { replaceFile } from '../../platform/whole-files.js'
import { readFully } from '../../platform/whole-transfers.js'

export interface BodyFilesOptions {
  readonly directory: string
  readonly fileSystem: FileSystem
  readonly storeId: Uint8Array
  /** Files kept open for reading. Default 64. */
  readonly openFiles?: number
  /** Whether small reads are made at once. Default: never. */
  readonly pace?: ReadPace
}

/** Nothing larger is read at once: this much is copied out of the system's cache in a few dozen microseconds. */
const mostBytesNow = 128 * 1024

/**
 * The body files: message bodies, written once by the flush, or by the tidy that merges files, and shared by all
 * participants. A file is durable, name and all, before the first row points to it. What a flush writes follows from the
 * records of its generation alone, so writing it again after a crash gives the same bytes.
 */
export class BodyFiles {
  readonly #options: BodyFilesOptions
  readonly #open = new Map<number, OpenFile>()
  #bytesWritten = 0

  constructor(options: BodyFilesOptions) {
    this.#options = options
  }

  get bytesWritten(): number {
    return this.#bytesWritten
  }

  /** Writes the file of a generation: `blocks` are placed one after the other from `bodyHeaderBytes` on. */
  async write(file: number, blocks: readonly Uint8Array[]): Promise<void> {
    const { directory, fileSystem, storeId } = this.#options
    const name = join(directory, bodyFileName(file))
    // Windows does not rename over a file that is open.
    await this.letGo(file)
    const pieces = inPieces(encodeBodyHeader(storeId, file), blocks)
    this.#bytesWritten += await replaceFile(fileSystem, name, `${name}.tmp`, pieces)
  }

  /**
   * Writes the file that several others are merged into. Rejects with what `blocks` throws: then there is no such file, and
   * nothing aside. After any other rejection it is unknown whether there is one.
   */
  async writeMerged(file: number, blocks: AsyncIterable<Uint8Array>): Promise<void> {
    const { directory, fileSystem, storeId } = this.#options
    const name = join(directory, bodyFileName(file))
    async function* pieces(): AsyncGenerator<Uint8Array, void> {
      yield encodeBodyHeader(storeId, file)
      yield* blocks
    }
    this.#bytesWritten += await replaceFile(fileSystem, name, `${name}.tmp`, pieces())
  }

  /** Removes a file; gone is gone. Reads that are under way end well, later ones reject as for a missing file. */
  async remove(file: number): Promise<void> {
    const { directory, fileSystem } = this.#options
    const name = join(directory, bodyFileName(file))
    if ((await fileSystem.stat(name)) !== null) await fileSystem.unlink(name)
    await this.letGo(file)
  }

  /** Removes what an interrupted merge has left. What flushes leave they write again themselves. */
  async removeLeftovers(): Promise<void> {
    const { directory, fileSystem } = this.#options
    for (const name of await fileSystem.list(directory)) {
      if (!name.endsWith('.tmp')) continue
      const file = parseBodyFileName(name.slice(0, -'.tmp'.length))
      if (file !== null && levelOf(file) > 0) await fileSystem.unlink(join(directory, name))
    }
  }

  /** Room on their disk; Infinity where it is not known: then the writer finds out. */
  freeBytes(): Promise<number> {
    const { directory, fileSystem } = this.#options
    return fileSystem.freeBytes(directory).catch(() => Infinity)
  }

  /** Makes the names of all files durable, and that those that were removed are gone. */
  syncNames(): Promise<void> {
    return this.#options.fileSystem.syncDirectory(this.#options.directory)
  }

  /** Bytes of a file; rejects with CORRUPT if it is missing. */
  async size(file: number): Promise<number> {
    const found = await this.#options.fileSystem.stat(join(this.#options.directory, bodyFileName(file)))
    if (found === null) throw missing(file, { code: 'ENOENT' })
    return found.size
  }

  async read(file: number, offset: number, length: number): Promise<Buffer> {
    const held = this.#file(file)
    held.reads++
    try {
      return await readWhole(await held.handle, file, offset, length)
    } catch (error) {
      throw readError(error, 'a body file', { file: bodyFileName(file), offset })
    } finally {
      held.reads--
      await closeIfDone(held)
    }
  }

  /** Like `read`, at once; null where that would not be fast, or fails: `read` does it then, or says why not. */
  readNow(file: number, offset: number, length: number): Buffer | null {
    const handle = this.#open.get(file)?.opened
    if (handle?.readSync === undefined || length > mostBytesNow) return null
    const begun = this.#options.pace?.begin() ?? null
    if (begun === null) return null
    try {
      const bytes = Buffer.allocUnsafe(length)
      return handle.readSync(bytes, offset) === length ? bytes : null
    } catch {
      return null
    } finally {
      this.#options.pace?.end(begun)
    }
  }

  /** Rejects with CORRUPT unless the file has the header of this store and number. */
  async check(file: number): Promise<void> {
    checkBodyHeader(await this.read(file, 0, bodyHeaderBytes), this.#options.storeId, file)
  }

  /** All files that are there. */
  async list(): Promise<number[]> {
    const { directory, fileSystem } = this.#options
    const names = await fileSystem.list(directory).catch((error: unknown) => {
      throw readError(error, 'the directory of body files', { file: directory })
    })
    return names.map(parseBodyFileName).filter((file) => file !== null)
  }

  async close(): Promise<void> {
    for (const file of [...this.#open.keys()]) await this.letGo(file)
  }

  #file(file: number): OpenFile {
    let held = this.#open.get(file)
    if (held === undefined) {
      const handle = this.#options.fileSystem
        .open(join(this.#options.directory, bodyFileName(file)), 'read')
        .catch((error: unknown) => {
          this.#open.delete(file)
          throw missing(file, error)
        })
      const opening: OpenFile = { handle, opened: null, reads: 0, done: false }
      handle.then(
        (opened) => {
          opening.opened = opened
        },
        () => undefined,
      )
      held = opening
    } else this.#open.delete(file)
    this.#open.set(file, held)
    if (this.#open.size > (this.#options.openFiles ?? 64)) {
      const oldest = this.#open.keys().next().value as number
      void this.letGo(oldest)
    }
    return held
  }

  /** Closes a file that was read. Readers that still need it keep it open; the last of them closes it. */
  async letGo(file: number): Promise<void> {
    const held = this.#open.get(file)
    if (held === undefined) return
    this.#open.delete(file)
    held.done = true
    await closeIfDone(held)
  }
}

/** A body file that is open for reading. */
interface OpenFile {
  readonly handle: Promise<FileHandle>
  /** The same when it is there. */
  opened: FileHandle | null
  reads: number
  /** No other reader will come. */
  done: boolean
}

async function closeIfDone(file: OpenFile): Promise<void> {
  if (!file.done || file.reads > 0) return
  await file.handle.then(
    // A file that cannot be closed is no loss: it was only read.
    (open) => open.close().catch(() => undefined),
    () => undefined,
  )
}

async function readWhole(handle: FileHandle, file: number, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  if ((await readFully(handle, bytes, offset)) === length) return bytes
  throw new ColumbaError('CORRUPT', 'a body file is shorter than a row says', {
    file: bodyFileName(file),
    offset,
  })
}

/** The header, then the blocks, small ones joined so that a file is written in pieces of about a megabyte. */
function* inPieces(header: Uint8Array, blocks: readonly Uint8Array[]): Generator<Uint8Array> {
  yield header
  const most = 1 << 20
  let from = 0
  let bytes = 0
  for (let i = 0; i < blocks.length; i++) {
    bytes += (blocks[i] as Uint8Array).length
    if (bytes < most && i < blocks.length - 1) continue
    yield Buffer.concat(blocks.slice(from, i + 1))
    from = i + 1
    bytes = 0
  }
}

/** The error of a read from a file that is not there. */
export function isMissingBody(error: unknown): boolean {
  return (
    isColumbaError(error, 'CORRUPT') && (error.cause as { code?: unknown } | undefined)?.code === 'ENOENT'
  )
}

function missing(file: number, cause: unknown): unknown {
  if ((cause as { code?: unknown }).code !== 'ENOENT') return cause
  return new ColumbaError(
    'CORRUPT',
    'a body file that rows point to is missing',
    { file: bodyFileName(file) },
    cause,
  )
}
