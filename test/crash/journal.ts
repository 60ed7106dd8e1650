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
  #descriptor: number | null = null
  #files = 0
  #bytes = 0

  constructor(directory: string) {
    this.#directory = directory
  }

  write(line: JournalLine): void {
    if (this.#descriptor === null || this.#bytes > fileBytes) this.#next()
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
    const written = writeSync(this.#descriptor as number, bytes)
    this.#bytes += written
    // Half a line must be the last one.
    if (written < bytes.length) process.kill(process.pid, 'SIGKILL')
  }

  #next(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor)
    this.#descriptor = openSync(join(this.#directory, String(this.#files++)), 'ax', 0o600)
    this.#bytes = 0
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
