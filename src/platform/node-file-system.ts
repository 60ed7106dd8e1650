import { promises as fs } from 'node:fs'
import type { FileHandle, FileSystem } from './file-system.js'

/** Windows has no directory handles to sync: there, directory entries are as durable as NTFS makes them. */
const directoriesSync = process.platform !== 'win32'

const flags = { read: 'r', write: 'r+', create: 'wx+' } as const

/** The real disk. */
export const nodeFileSystem: FileSystem = {
  async open(path, mode) {
    return new NodeFileHandle(await fs.open(path, flags[mode], 0o600))
  },
  async makeDirectory(path) {
    await fs.mkdir(path, { recursive: true, mode: 0o700 })
  },
  async list(path) {
    return (await fs.readdir(path)).sort()
  },
  async stat(path) {
    try {
      const found = await fs.stat(path)
      return { size: found.size, directory: found.isDirectory() }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  },
  rename: (from, to) => fs.rename(from, to),
  unlink: (path) => fs.unlink(path),
  async syncDirectory(path) {
    if (!directoriesSync) return
    const handle = await fs.open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
  realPath: (path) => fs.realpath(path),
  async freeBytes(path) {
    const { bavail, bsize } = await fs.statfs(path)
    return bavail * bsize
  },
}

class NodeFileHandle implements FileHandle {
  readonly #handle: fs.FileHandle

  constructor(handle: fs.FileHandle) {
    this.#handle = handle
  }

  async write(data: Uint8Array, position: number): Promise<number> {
    return (await this.#handle.write(data, 0, data.byteLength, position)).bytesWritten
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    return (await this.#handle.read(into, 0, into.byteLength, position)).bytesRead
  }

  sync(): Promise<void> {
    return this.#handle.datasync()
  }

  truncate(size: number): Promise<void> {
    return this.#handle.truncate(size)
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}
