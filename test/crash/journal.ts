import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { SendReceipt } from '../../src/model/message.js'
import type { Operation } from './operation.js'

/** One line of a journal. Calls are numbered within it. */
export type JournalLine =
  | { readonly line: 'call'; readonly n: number; readonly operation: Operation }
  | { readonly line: 'done'; readonly n: number; readonly receipt: SendReceipt | null }
  | { readonly line: 'refused'; readonly n: number; readonly code: string; readonly definite: boolean }
  /** A reader was shown this message. */
  | {
      readonly line: 'seen'
      readonly user: string
      readonly conversation: string
      readonly seq: number
      readonly id: string
    }
  /** The worker met a fault that was put in its way. */
  | { readonly line: 'fault'; readonly code: string }
  /** Something was thrown that nothing may throw. */
  | { readonly line: 'failed'; readonly error: string }
  | { readonly line: 'opened' }
  | { readonly line: 'closed' }

const fileBytes = 4096

/**
 * What a worker knew, written with one synchronous call per line to files outside the store: it survives the worker's
 * death at any instruction, because the pages belong to the kernel, and it says nothing before it is true. The files are
 * small, so that a limit on the size of files meets those of the store first.
 */
export class Journal {
  readonly #directory: string
  #descriptor: number
  #files = 0
  #bytes = 0

  constructor(directory: string) {
    this.#directory = directory
    this.#descriptor = this.#open()
  }

  write(line: JournalLine): void {
    if (this.#bytes > fileBytes) this.#next()
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
    const written = writeSync(this.#descriptor, bytes)
    this.#bytes += written
    // Half a line must be the last one.
    if (written < bytes.length) process.kill(process.pid, 'SIGKILL')
  }

  /** Where the store has taken the last file descriptor, the file grows on: the journal tells of want, it has none. */
  #next(): void {
    let next: number
    try {
      next = this.#open()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EMFILE') return
      throw error
    }
    closeSync(this.#descriptor)
    this.#descriptor = next
    this.#bytes = 0
  }

  #open(): number {
    const descriptor = openSync(join(this.#directory, String(this.#files)), 'ax', 0o600)
    this.#files++
    return descriptor
  }
}

/** All whole lines; the last one may have been cut by the death of the writer. */
export function readJournal(directory: string): JournalLine[] {
  const files = readdirSync(directory).sort((a, b) => Number(a) - Number(b))
  const text = files.map((name) => readFileSync(join(directory, name), 'utf8')).join('')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JournalLine)
}
