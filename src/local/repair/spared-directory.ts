import { basename, dirname, join } from 'node:path'
import type { FileHandle, FileSystem } from '../../platform/file-system.js'

/**
 * A file system on which one directory shows the files of another as if they lay in it, and spares them: what is written goes
 * to the first, what is removed only disappears from sight. So a copy of a store can be opened over body files that must
 * stay as they are.
 */
export class SparedDirectory implements FileSystem {
  readonly #real: FileSystem
  readonly #directory: string
  readonly #spared: string
  readonly #hidden = new Set<string>()

  constructor(real: FileSystem, directory: string, spared: string) {
    this.#real = real
    this.#directory = directory
    this.#spared = spared
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<FileHandle> {
    return this.#real.open(mode === 'read' ? await this.#place(path) : path, mode)
  }

  makeDirectory(path: string): Promise<void> {
    return this.#real.makeDirectory(path)
  }

  async list(path: string): Promise<string[]> {
    const names = await this.#real.list(path)
    if (path !== this.#directory || (await this.#real.stat(this.#spared)) === null) return names
    const spared = (await this.#real.list(this.#spared)).filter((name) => !this.#hidden.has(name))
    return [...new Set([...names, ...spared])].sort()
  }

  async stat(path: string): Promise<{ size: number; directory: boolean } | null> {
    return this.#real.stat(await this.#place(path))
  }

  rename(from: string, to: string): Promise<void> {
    return this.#real.rename(from, to)
  }

  async unlink(path: string): Promise<void> {
    const place = await this.#place(path)
    if (place === path) await this.#real.unlink(path)
    if (dirname(path) === this.#directory) this.#hidden.add(basename(path))
  }

  syncDirectory(path: string): Promise<void> {
    return this.#real.syncDirectory(path)
  }

  realPath(path: string): Promise<string> {
    return this.#real.realPath(path)
  }

  freeBytes(path: string): Promise<number> {
    return this.#real.freeBytes(path)
  }

  /** Where a file lies that is to be read. */
  async #place(path: string): Promise<string> {
    const name = basename(path)
    if (dirname(path) !== this.#directory || this.#hidden.has(name)) return path
    if ((await this.#real.stat(path)) !== null) return path
    const spared = join(this.#spared, name)
    return (await this.#real.stat(spared)) === null ? path : spared
  }
}
