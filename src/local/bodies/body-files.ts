import { join } from 'node:path'
import { ColumbaError } from '../../errors.js'
import {
  bodyFileName,
  bodyHeaderBytes,
  checkBodyHeader,
  encodeBodyHeader,
  parseBodyFileName,
} from '../../formats/body-file.js'
import type { FileHandle, FileSystem } from '../../platform/file-system.js'
import { replaceFile } from '../../platform/whole-files.js'
import { readFully } from '../../platform/whole-transfers.js'

export interface BodyFilesOptions {
  readonly directory: string
  readonly fileSystem: FileSystem
  readonly storeId: Uint8Array
  /** Files kept open for reading. Default 64. */
  readonly openFiles?: number
}

/**
 * The body files: message bodies, written once by the flush and shared by all participants. A file is durable, name
 * and all, before the first row points to it. What a file contains follows from the records of its generation alone,
 * so writing one again after a crash gives the same bytes.
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

  /** Writes the file of a generation: `blocks` are placed one behind the other from `bodyHeaderBytes` on. */
  async write(cut: number, blocks: readonly Uint8Array[]): Promise<void> {
    const { directory, fileSystem, storeId } = this.#options
    const name = join(directory, bodyFileName(cut))
    // Windows does not rename over a file that is open.
    await this.#close(cut)
    const pieces = inPieces(encodeBodyHeader(storeId, cut), blocks)
    this.#bytesWritten += await replaceFile(fileSystem, name, `${name}.tmp`, pieces)
  }

  async read(cut: number, offset: number, length: number): Promise<Buffer> {
    const file = this.#file(cut)
    file.reads++
    try {
      return await readWhole(await file.handle, cut, offset, length)
    } finally {
      file.reads--
      await closeIfDone(file)
    }
  }

  /** Rejects with CORRUPT unless the file has the header of this store and cut. */
  async check(cut: number): Promise<void> {
    checkBodyHeader(await this.read(cut, 0, bodyHeaderBytes), this.#options.storeId, cut)
  }

  /** The cuts of all files that are there. */
  async list(): Promise<number[]> {
    const names = await this.#options.fileSystem.list(this.#options.directory)
    return names.map(parseBodyFileName).filter((cut) => cut !== null)
  }

  async close(): Promise<void> {
    for (const cut of [...this.#open.keys()]) await this.#close(cut)
  }

  #file(cut: number): OpenFile {
    let file = this.#open.get(cut)
    if (file === undefined) {
      const handle = this.#options.fileSystem
        .open(join(this.#options.directory, bodyFileName(cut)), 'read')
        .catch((error: unknown) => {
          this.#open.delete(cut)
          throw missing(cut, error)
        })
      file = { handle, reads: 0, done: false }
    } else this.#open.delete(cut)
    this.#open.set(cut, file)
    if (this.#open.size > (this.#options.openFiles ?? 64)) {
      const oldest = this.#open.keys().next().value as number
      // A file that cannot be closed is nobody's loss: it was only read.
      this.#close(oldest).catch(() => undefined)
    }
    return file
  }

  /** Readers that still need the file keep it open; the last of them closes it. */
  async #close(cut: number): Promise<void> {
    const file = this.#open.get(cut)
    if (file === undefined) return
    this.#open.delete(cut)
    file.done = true
    await closeIfDone(file)
  }
}

/** A body file that is open for reading. */
interface OpenFile {
  readonly handle: Promise<FileHandle>
  reads: number
  /** Nobody else will read from it. */
  done: boolean
}

async function closeIfDone(file: OpenFile): Promise<void> {
  if (!file.done || file.reads > 0) return
  await file.handle.then(
    (open) => open.close(),
    () => undefined,
  )
}

async function readWhole(handle: FileHandle, cut: number, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  if ((await readFully(handle, bytes, offset)) === length) return bytes
  throw new ColumbaError('CORRUPT', 'A body file is shorter than a row says', {
    file: bodyFileName(cut),
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

function missing(cut: number, cause: unknown): unknown {
  if ((cause as { code?: unknown }).code !== 'ENOENT') return cause
  return new ColumbaError(
    'CORRUPT',
    'A body file that rows point to is missing',
    { file: bodyFileName(cut) },
    cause,
  )
}
