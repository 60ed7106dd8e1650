import type { FileHandle, FileSystem } from '../platform/file-system.js'

/** A synced write is a write and then a sync. */
export type FileOperation = keyof FileSystem | Exclude<keyof FileHandle, 'readSync' | 'writeSynced'>

/** What befalls one operation. */
export type Fault =
  /** It fails with this code; a write may have written `written` bytes by then, a sync loses what was to be synced. */
  | { readonly kind: 'error'; readonly code: string; readonly written?: number }
  /** A write writes only this many bytes, and says so. */
  | { readonly kind: 'short'; readonly bytes: number }
  /** The process ends before it. */
  | { readonly kind: 'crash' }

/** Asked before each operation of the simulated file system, in the order in which they happen. */
export interface Faults {
  next(operation: FileOperation, path: string): Fault | null
}

/** What can go wrong with an operation at all: used to fail every one of them in turn. */
export const errnoOf: Readonly<Record<FileOperation, string>> = {
  open: 'EMFILE',
  makeDirectory: 'EACCES',
  list: 'EIO',
  stat: 'EIO',
  rename: 'EIO',
  unlink: 'EIO',
  syncDirectory: 'EIO',
  realPath: 'EIO',
  freeBytes: 'EIO',
  write: 'ENOSPC',
  read: 'EIO',
  sync: 'EIO',
  truncate: 'EIO',
  size: 'EIO',
  close: 'EIO',
}

/** Nothing happens, and the operations are counted. */
export class OperationCount implements Faults {
  count = 0

  next(): Fault | null {
    this.count++
    return null
  }
}

/** The nth operation (from 1) fails, or it and all after it, or the process ends before it. */
export class FaultAt implements Faults {
  readonly #nth: number
  readonly #kind: 'once' | 'for good' | 'crash'
  count = 0
  /** What the nth operation was, for messages. */
  hit: string | null = null

  constructor(nth: number, kind: 'once' | 'for good' | 'crash') {
    this.#nth = nth
    this.#kind = kind
  }

  next(operation: FileOperation, path: string): Fault | null {
    this.count++
    if (this.count < this.#nth) return null
    if (this.count === this.#nth) this.hit = `${operation} ${path}`
    else if (this.#kind !== 'for good') return null
    return this.#kind === 'crash' ? { kind: 'crash' } : { kind: 'error', code: errnoOf[operation] }
  }
}
