import { join } from 'node:path'
import {
  decodeLockRecord,
  encodeLockRecord,
  type LockRecord,
  unfinishedName,
} from '../../formats/lock-record.js'
import type { FileSystem } from '../../platform/file-system.js'
import { readHead, writeAside } from '../../platform/whole-files.js'

export type FoundLock =
  | { readonly state: 'missing' }
  | { readonly state: 'unreadable' }
  | { readonly state: 'read'; readonly record: LockRecord }

/** More than any record; a larger file is something else. */
const maxBytes = 16_384

/** The lock and the claims on it in one directory. A file appears under its name whole or not at all. */
export class LockFiles {
  readonly #fileSystem: FileSystem
  readonly #directory: string

  constructor(fileSystem: FileSystem, directory: string) {
    this.#fileSystem = fileSystem
    this.#directory = directory
  }

  path(name: string): string {
    return join(this.#directory, name)
  }

  list(): Promise<string[]> {
    return this.#fileSystem.list(this.#directory)
  }

  async read(name: string): Promise<FoundLock> {
    const handle = await unlessMissing(this.#fileSystem.open(this.path(name), 'read'))
    if (handle === null) return { state: 'missing' }
    try {
      const bytes = await readHead(handle, maxBytes)
      const record = bytes.byteLength < maxBytes ? decodeLockRecord(bytes) : null
      return record === null ? { state: 'unreadable' } : { state: 'read', record }
    } finally {
      await handle.close()
    }
  }

  /** Written aside and synced, then renamed: no reader sees a part of it, and no power cut leaves one. */
  async write(name: string, record: LockRecord, nonce: string): Promise<void> {
    const aside = unfinishedName(nonce)
    try {
      await writeAside(this.#fileSystem, this.path(aside), [encodeLockRecord(record)])
      await this.rename(aside, name)
    } catch (error) {
      await this.remove(aside).catch(() => undefined)
      throw error
    }
  }

  rename(from: string, to: string): Promise<void> {
    return this.#fileSystem.rename(this.path(from), this.path(to))
  }

  /** Its absence is as good. */
  async remove(name: string): Promise<void> {
    await unlessMissing(this.#fileSystem.unlink(this.path(name)))
  }
}

async function unlessMissing<T>(task: Promise<T>): Promise<T | null> {
  try {
    return await task
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
