import { join } from 'node:path'
import type { FileHandle, FileSystem } from '../../src/platform/file-system.js'

export interface Place {
  readonly fileSystem: FileSystem
  /** An empty directory. */
  readonly at: string
  readonly settle: <T>(work: Promise<T>) => Promise<T>
}

/** Short ways to do things in one directory. */
export class Files {
  readonly #system: FileSystem
  readonly #at: string

  constructor({ fileSystem, at }: Place) {
    this.#system = fileSystem
    this.#at = at
  }

  path(name: string): string {
    return join(this.#at, name)
  }

  open(name: string, mode: 'read' | 'write' | 'create'): Promise<FileHandle> {
    return this.#system.open(this.path(name), mode)
  }

  /** Does something with an open file and closes it. */
  async within<T>(
    name: string,
    mode: 'read' | 'write' | 'create',
    work: (handle: FileHandle) => Promise<T>,
  ): Promise<T> {
    const handle = await this.open(name, mode)
    try {
      return await work(handle)
    } finally {
      await handle.close()
    }
  }

  /** A new file with this text. */
  make(name: string, text = 'text'): Promise<number> {
    return this.within(name, 'create', (handle) => handle.write(Buffer.from(text), 0))
  }

  text(name: string): Promise<string> {
    return this.within(name, 'read', textOf)
  }

  directory(name: string): Promise<void> {
    return this.#system.makeDirectory(this.path(name))
  }

  list(name = '.'): Promise<string[]> {
    return this.#system.list(this.path(name))
  }

  /** Without the size of a directory, which each has its own. */
  async stat(name: string): Promise<unknown> {
    const found = await this.#system.stat(this.path(name))
    return found?.directory === true ? 'a directory' : found
  }

  rename(from: string, to: string): Promise<void> {
    return this.#system.rename(this.path(from), this.path(to))
  }

  unlink(name: string): Promise<void> {
    return this.#system.unlink(this.path(name))
  }

  syncDirectory(name = '.'): Promise<void> {
    return this.#system.syncDirectory(this.path(name))
  }

  async realName(name: string): Promise<boolean> {
    return (await this.#system.realPath(this.path(name))).endsWith(name)
  }

  async hasRoom(): Promise<boolean> {
    return (await this.#system.freeBytes(this.path('.'))) > 0
  }
}

export async function textOf(handle: FileHandle): Promise<string> {
  const bytes = Buffer.alloc(await handle.size())
  const count = await handle.read(bytes, 0)
  return bytes.toString('latin1', 0, count)
}

export const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
