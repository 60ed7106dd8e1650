import {
  close,
  constants,
  fdatasync,
  fstat,
  ftruncate,
  open as openDescriptor,
  promises as fs,
  read,
  readSync,
  write,
} from 'node:fs'
import { dirname } from 'node:path'
import type { FileHandle, FileSystem } from './file-system.js'

/** Windows has no directory handles to sync: there, directory entries are as durable as NTFS makes them. */
const directoriesSync = process.platform !== 'win32'

const flags = { read: 'r', write: 'r+', create: 'wx+' } as const

/** Each write as if an fdatasync followed: one call to the system, and one turn through the thread pool, instead of two. */
const synced = constants.O_WRONLY | constants.O_DSYNC
/** An open file is opened a second time here, whatever its name is by now. Linux only. */
const openFiles = '/proc/self/fd/'

/**
 * More than this is never transferred at once. Node takes lengths for 32-bit numbers: 2 GiB and more are refused, and of 4 GiB
 * it reads nothing and says so as at the end of a file. Linux ends a transfer a page below 2 GiB in any case.
 */
const maxTransferBytes = 1024 * 1024 * 1024

/** The real disk. */
export const nodeFileSystem: FileSystem = {
  async open(path, mode) {
    return new NodeFileHandle(await openFile(path, flags[mode], 0o600))
  },
  async makeDirectory(path) {
    await makeDirectories(path)
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

/** Over a bare descriptor and callbacks: a write of the log costs one object and one promise. */
class NodeFileHandle implements FileHandle {
  readonly #descriptor: number
  /** The same file for writes that are synced: undefined before the first one, null where the system has no such thing. */
  #syncedDescriptor: number | null | undefined

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  write(data: Uint8Array, position: number): Promise<number> {
    return writeTo(this.#descriptor, data, position)
  }

  async writeSynced(data: Uint8Array, position: number): Promise<number> {
    if (this.#syncedDescriptor === undefined) this.#syncedDescriptor = await this.#openSynced()
    if (this.#syncedDescriptor !== null) return writeTo(this.#syncedDescriptor, data, position)
    const written = await this.write(data, position)
    await this.sync()
    return written
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(
        this.#descriptor,
        into,
        0,
        Math.min(into.byteLength, maxTransferBytes),
        position,
        (error, filled) => {
          if (error === null) resolve(filled)
          else reject(error)
        },
      )
    })
  }

  readSync(into: Uint8Array, position: number): number {
    return readSync(this.#descriptor, into, 0, Math.min(into.byteLength, maxTransferBytes), position)
  }

  sync(): Promise<void> {
    return settled((done) => {
      fdatasync(this.#descriptor, done)
    })
  }

  truncate(size: number): Promise<void> {
    return settled((done) => {
      ftruncate(this.#descriptor, size, done)
    })
  }

  size(): Promise<number> {
    return new Promise((resolve, reject) => {
      fstat(this.#descriptor, (error, stats) => {
        if (error === null) resolve(stats.size)
        else reject(error)
      })
    })
  }

  async close(): Promise<void> {
    const second = this.#syncedDescriptor
    this.#syncedDescriptor = null
    try {
      if (second !== null && second !== undefined) await closeDescriptor(second)
    } finally {
      await closeDescriptor(this.#descriptor)
    }
  }

  /** A system without it, or one that has no descriptor to spare, has two calls instead of one. */
  async #openSynced(): Promise<number | null> {
    if (process.platform !== 'linux') return null
    try {
      return await openFile(`${openFiles}${this.#descriptor}`, synced)
    } catch {
      return null
    }
  }
}

function writeTo(descriptor: number, data: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(descriptor, data, 0, Math.min(data.byteLength, maxTransferBytes), position, (error, written) => {
      if (error === null) resolve(written)
      else reject(error)
    })
  })
}

function closeDescriptor(descriptor: number): Promise<void> {
  return settled((done) => {
    close(descriptor, done)
  })
}

function openFile(path: string, flag: string | number, mode?: number): Promise<number> {
  return new Promise((resolve, reject) => {
    openDescriptor(path, flag, mode, (error, descriptor) => {
      if (error === null) resolve(descriptor)
      else reject(error)
    })
  })
}

function settled(call: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => {
      if (error === null || error === undefined) resolve()
      else reject(error)
    })
  })
}

/** Level by level: Node's own recursion never ends where nothing can be made, as in /proc. */
async function makeDirectories(path: string): Promise<void> {
  try {
    await makeDirectory(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error
    await makeDirectories(dirname(path))
    await makeDirectory(path)
  }
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await fs.mkdir(path, { mode: 0o700 })
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST'
    // What is there may be a link to nothing, which the look says better than the try.
    const found = isThere ? await fs.stat(path) : await fs.stat(path).catch(() => null)
    if (found?.isDirectory() !== true) throw error
  }
}
