import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
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

/**
 * What a worker knew, written with one synchronous call per line to a file outside the store: it survives the worker's
 * death at any instruction, because the pages belong to the kernel, and it says nothing before it is true.
 */
export class Journal {
  readonly #descriptor: number

  constructor(path: string) {
    this.#descriptor = openSync(path, 'a', 0o600)
  }

  write(line: JournalLine): void {
    writeSync(this.#descriptor, `${JSON.stringify(line)}\n`)
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}

/** All whole lines; the last one may have been cut by the death of the writer. */
export function readJournal(path: string): JournalLine[] {
  const text = readFileSync(path, 'utf8')
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JournalLine)
}
