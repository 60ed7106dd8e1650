import type { Terminal } from './command.js'

const barCells = 24

export interface Progress {
  readonly part: string
  readonly items: number
  readonly total: number | null
}

/** One line at the bottom of a terminal that is written over and over; nothing where there is no terminal. */
export class ProgressLine {
  readonly #terminal: Terminal
  #shown = false

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  show({ part, items, total }: Progress): void {
    const { columns, error } = this.#terminal
    if (columns === undefined) return
    const line = `${part} ${bar(items, total)} ${items.toLocaleString('en')}`
    error(`\r\u001b[K${line.slice(0, Math.max(0, columns - 1))}`)
    this.#shown = true
  }

  clear(): void {
    if (this.#shown) this.#terminal.error('\r\u001b[K')
    this.#shown = false
  }
}

/** Of something whose end is not known, only the movement can be shown. */
function bar(items: number, total: number | null): string {
  const filled = total === null ? 0 : total === 0 ? barCells : Math.floor((items / total) * barCells)
  return `[${'='.repeat(filled)}${' '.repeat(barCells - filled)}]`
}
