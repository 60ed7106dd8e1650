import { join } from 'node:path'
import type { SegmentHeader } from '../../formats/segment.js'
import {
  encodeSegmentHeader,
  nextSegmentName,
  segmentHeaderBytes,
  segmentName,
} from '../../formats/segment.js'
import type { FileHandle, FileSystem } from '../../platform/file-system.js'
import { SegmentWriter } from './segment-writer.js'
import { writeFully } from '../../platform/whole-transfers.js'

const pieceBytes = 1024 * 1024
const zeroes = Buffer.alloc(pieceBytes)

/**
 * Makes segments under the name `next.log`. A file takes the name of a segment only with its header on the disk, so
 * that a segment without a whole header is damage and never the trace of a crash.
 *
 * Between two segments the file is filled with zeroes in pieces, as fast as the present segment fills: never much
 * ahead, nothing when nothing is sent. What goes wrong there concerns nobody: the file is given up and made anew without, and
 * the one behind it is filled again.
 */
export class NextSegment {
  readonly #fileSystem: FileSystem
  readonly #directory: string
  readonly #path: string
  readonly #size: number
  readonly #preallocates: boolean
  #handle: FileHandle | null = null
  #filled = 0
  #filling: Promise<void> | null = null
  /** This one is not filled, or not any more. */
  #givenUp: boolean

  constructor(fileSystem: FileSystem, directory: string, size: number, preallocate: boolean) {
    this.#fileSystem = fileSystem
    this.#directory = directory
    this.#path = join(directory, nextSegmentName)
    this.#size = size
    this.#preallocates = preallocate
    this.#givenUp = !preallocate
  }

  /** Goes on filling in the background until `share` (0 to 1) of the file are zeroes. */
  fill(share: number): void {
    if (this.#givenUp || this.#filling !== null || this.#filled >= Math.min(1, share) * this.#size) return
    this.#filling = this.#fillPiece().then(
      () => {
        this.#filling = null
      },
      async () => {
        this.#givenUp = true
        await this.#discard()
        this.#filling = null
      },
    )
  }

  /**
   * Writes the header, syncs, gives the file its name and syncs that. Then filling begins anew. A file that begins only
   * now gets zeroes up to `size`.
   */
  async become(header: SegmentHeader, size = 0): Promise<SegmentWriter> {
    await this.#filling
    const preallocated = this.#givenUp ? null : this.#handle
    this.#handle = null
    const handle = preallocated ?? (await this.#fileSystem.open(this.#path, 'create'))
    try {
      await writeFully(handle, encodeSegmentHeader(header), 0)
      if (preallocated === null && !this.#givenUp) await this.#fillWhole(handle, size)
      await handle.sync()
      await this.#fileSystem.rename(this.#path, join(this.#directory, segmentName(header.number)))
      await this.#fileSystem.syncDirectory(this.#directory)
    } catch (error) {
      await handle.close().catch(() => undefined)
      throw error
    }
    this.#filled = 0
    this.#givenUp = !this.#preallocates
    return new SegmentWriter(handle, header)
  }

  async #fillWhole(handle: FileHandle, size: number): Promise<void> {
    try {
      for (let filled = segmentHeaderBytes; filled < size; filled += pieceBytes)
        await writeFully(handle, zeroes.subarray(0, Math.min(pieceBytes, size - filled)), filled)
    } catch {
      // Then it grows as it is written.
    }
  }

  /** Ends filling and removes the file. */
  async close(): Promise<void> {
    this.#givenUp = true
    await this.#filling
    await this.#discard()
  }

  async #fillPiece(): Promise<void> {
    this.#handle ??= await this.#fileSystem.open(this.#path, 'create')
    const length = Math.min(pieceBytes, this.#size - this.#filled)
    await writeFully(this.#handle, length === pieceBytes ? zeroes : zeroes.subarray(0, length), this.#filled)
    await this.#handle.sync()
    this.#filled += length
  }

  async #discard(): Promise<void> {
    const handle = this.#handle
    if (handle === null) return
    this.#handle = null
    await handle.close().catch(() => undefined)
    await this.#fileSystem.unlink(this.#path).catch(() => undefined)
  }
}
