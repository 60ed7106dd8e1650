import { checksum } from '../formats/checksum.js'
import type { FileHandle, FileSystem } from '../platform/file-system.js'
import type { Fault, FileOperation, Faults } from './faults.js'
import type { Schedule } from './schedule.js'
import { SimulatedFile } from './simulated-file.js'
import { SimulatedDirectory, type SimulatedNode } from './simulated-directory.js'
import { type SimulatedDisk, systemError } from './simulated-disk.js'
import type { Trace } from './trace.js'

export interface SimulatedFileSystemOptions {
  readonly disk: SimulatedDisk
  readonly schedule: Schedule
  readonly faults: Faults
  /** Called when a fault ends the process: in here, before anything else happens. */
  readonly onCrash: () => void
  readonly trace?: Trace | undefined
  /** Default: plenty. */
  readonly freeBytes?: () => number
}

/**
 * The files of a simulated disk as one process sees them. An operation happens when the schedule comes to it, not when it is
 * called, so that of two under way at a time either may be first; faults are asked for in that moment. Errors are those of
 * Linux, but for one: nothing is renamed into another directory (EXDEV).
 */
export class SimulatedFileSystem implements FileSystem {
  readonly #options: SimulatedFileSystemOptions
  openHandles = 0

  constructor(options: SimulatedFileSystemOptions) {
    this.#options = options
  }

  open(path: string, mode: 'read' | 'write' | 'create'): Promise<FileHandle> {
    return this.run('open', path, ({ disk }) => {
      let file: SimulatedFile
      if (mode === 'create') file = createFile(disk, path)
      else file = disk.file(path, 'open')
      this.openHandles++
      return new SimulatedFileHandle(this, path, file, mode !== 'read')
    })
  }

  makeDirectory(path: string): Promise<void> {
    return this.run('makeDirectory', path, ({ disk }) => {
      disk.makeDirectory(path)
    })
  }

  list(path: string): Promise<string[]> {
    return this.run('list', path, ({ disk }) => [...disk.directory(path, 'scandir').entries.keys()].sort())
  }

  stat(path: string): Promise<{ size: number; directory: boolean } | null> {
    return this.run('stat', path, ({ disk }) => {
      const node = disk.find(path, 'stat')
      if (node === null) return null
      return node instanceof SimulatedDirectory
        ? { size: 4096, directory: true }
        : { size: node.size, directory: false }
    })
  }

  rename(from: string, to: string): Promise<void> {
    return this.run('rename', `${from} ${to}`, ({ disk }) => {
      const source = disk.place(from, 'rename')
      const target = disk.place(to, 'rename')
      const node = source.directory.entries.get(source.name)
      if (node === undefined) throw systemError('ENOENT', 'rename', from)
      if (source.directory !== target.directory) throw systemError('EXDEV', 'rename', from)
      const inTheWay = whatForbids(node, target.directory.entries.get(target.name))
      if (inTheWay !== null) throw systemError(inTheWay, 'rename', from)
      source.directory.rename(source.name, target.name, node)
    })
  }

  unlink(path: string): Promise<void> {
    return this.run('unlink', path, ({ disk }) => {
      const { directory, name } = disk.place(path, 'unlink')
      const node = directory.entries.get(name)
      if (node === undefined) throw systemError('ENOENT', 'unlink', path)
      if (node instanceof SimulatedDirectory) throw systemError('EISDIR', 'unlink', path)
      directory.unlink(name)
    })
  }

  syncDirectory(path: string): Promise<void> {
    return this.run('syncDirectory', path, ({ disk }) => {
      disk.directory(path, 'fsync').sync()
    })
  }

  realPath(path: string): Promise<string> {
    return this.run('realPath', path, ({ disk }) => {
      if (disk.find(path, 'realpath') === null) throw systemError('ENOENT', 'realpath', path)
      return path
    })
  }

  freeBytes(path: string): Promise<number> {
    return this.run('freeBytes', path, ({ freeBytes }) => freeBytes?.() ?? 2 ** 40)
  }

  /**
   * Waits for the operation's turn, asks for a fault, and lets it happen or fail. `suffer`: what becomes of it then, before it
   * fails, or in place of what would have happened.
   */
  run<T>(
    operation: FileOperation,
    path: string,
    happen: (options: SimulatedFileSystemOptions) => T,
    suffer?: (fault: Exclude<Fault, { kind: 'crash' }>) => T,
  ): Promise<T> {
    const { schedule, faults, onCrash, trace } = this.#options
    return schedule.turn(operation, () => {
      // One that was under way when the process ended may happen all the same, as it is.
      const fault = schedule.halted ? null : faults.next(operation, path)
      trace?.note(`${path} ${fault === null ? '' : fault.kind}`)
      if (fault === null) return happen(this.#options)
      if (fault.kind === 'crash') {
        onCrash()
        throw new Error('nobody hears of what happens after the end')
      }
      const suffered = suffer?.(fault)
      if (fault.kind === 'error') throw systemError(fault.code, operation, path)
      return suffered === undefined ? happen(this.#options) : suffered
    })
  }

  note(bytes: Uint8Array): void {
    this.#options.trace?.note(String(checksum(bytes)))
  }
}

function createFile(disk: SimulatedDisk, path: string): SimulatedFile {
  const { directory, name } = disk.place(path, 'open')
  if (directory.entries.has(name)) throw systemError('EEXIST', 'open', path)
  const file = new SimulatedFile()
  directory.link(name, file)
  return file
}

/** Why a file or directory may not take the place of another one; null if it may. */
function whatForbids(node: SimulatedNode, other: SimulatedNode | undefined): string | null {
  if (other === undefined) return null
  const isDirectory = node instanceof SimulatedDirectory
  if (!(other instanceof SimulatedDirectory)) return isDirectory ? 'ENOTDIR' : null
  if (!isDirectory) return 'EISDIR'
  return other === node || other.entries.size === 0 ? null : 'ENOTEMPTY'
}

class SimulatedFileHandle implements FileHandle {
  readonly #system: SimulatedFileSystem
  readonly #path: string
  readonly #file: SimulatedFile
  readonly #mayWrite: boolean
  #open = true

  constructor(system: SimulatedFileSystem, path: string, file: SimulatedFile, mayWrite: boolean) {
    this.#system = system
    this.#path = path
    this.#file = file
    this.#mayWrite = mayWrite
  }

  write(data: Uint8Array, position: number): Promise<number> {
    const put = (count: number): number => {
      this.#assertOpen('write')
      if (!this.#mayWrite) throw systemError('EBADF', 'write', this.#path)
      this.#system.note(data.subarray(0, count))
      this.#file.write(data.subarray(0, count), position)
      return count
    }
    return this.#system.run(
      'write',
      this.#path,
      () => put(data.length),
      (fault) => put(Math.min(data.length, fault.kind === 'short' ? fault.bytes : (fault.written ?? 0))),
    )
  }

  /** In two steps, so that it may end, and fail, between them. */
  async writeSynced(data: Uint8Array, position: number): Promise<number> {
    const written = await this.write(data, position)
    const end = position + written
    await this.#sync(
      () => this.#file.syncRange(position, end),
      () => this.#file.failSync(position, end),
    )
    return written
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.#system.run('read', this.#path, () => {
      this.#assertOpen('read')
      return this.#file.read(into, position)
    })
  }

  sync(): Promise<void> {
    return this.#sync(
      () => this.#file.sync(),
      () => this.#file.failSync(),
    )
  }

  #sync(happen: () => void, fail: () => void): Promise<void> {
    return this.#system.run(
      'sync',
      this.#path,
      () => {
        this.#assertOpen('fdatasync')
        happen()
      },
      (fault) => {
        if (fault.kind === 'error') fail()
      },
    )
  }

  truncate(size: number): Promise<void> {
    return this.#system.run('truncate', this.#path, () => {
      this.#assertOpen('ftruncate')
      if (!this.#mayWrite) throw systemError('EINVAL', 'ftruncate', this.#path)
      this.#file.truncate(size)
    })
  }

  size(): Promise<number> {
    return this.#system.run('size', this.#path, () => {
      this.#assertOpen('fstat')
      return this.#file.size
    })
  }

  /** A close that fails has closed all the same. */
  close(): Promise<void> {
    const end = (): void => {
      this.#assertOpen('close')
      this.#open = false
      this.#system.openHandles--
    }
    return this.#system.run('close', this.#path, end, end)
  }

  #assertOpen(operation: string): void {
    if (!this.#open) throw systemError('EBADF', operation, this.#path)
  }
}
