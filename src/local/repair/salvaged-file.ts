import type { FileHandle, FileSystem } from '../../platform/file-system.js'
import { readFully } from '../../platform/whole-transfers.js'

/** A file that is read for what can be salvaged of it: piece by piece, for it may be larger than memory. */
export class SalvagedFile {
  readonly size: number
  readonly #handle: FileHandle

  private constructor(handle: FileHandle, size: number) {
    this.#handle = handle
    this.size = size
  }

  static async open(fileSystem: FileSystem, path: string): Promise<SalvagedFile> {
    const handle = await fileSystem.open(path, 'read')
    try {
      return new SalvagedFile(handle, await handle.size())
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** So many bytes, or fewer at the end of the file. */
  async read(offset: number, length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, this.size - offset)))
    await readFully(this.#handle, bytes, offset)
    return bytes
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}
