const width = 32
const redrawMs = 100

/** A bar on a terminal; elsewhere a line at every tenth. */
export class Progress {
  readonly #title: string
  readonly #total: number
  readonly #began = performance.now()
  #drawn = 0
  #tenth = 0

  constructor(title: string, total: number) {
    this.#title = title
    this.#total = total
  }

  get seconds(): number {
    return (performance.now() - this.#began) / 1000
  }

  at(done: number): void {
    if (process.stdout.isTTY) {
      const now = performance.now()
      if (now - this.#drawn < redrawMs) return
      this.#drawn = now
      process.stdout.write(`\r${this.#line(done)}`)
    } else {
      const tenth = Math.floor((10 * done) / Math.max(1, this.#total))
      if (tenth <= this.#tenth || tenth === 10) return
      this.#tenth = tenth
      console.log(this.#line(done))
    }
  }

  end(): void {
    const line = `${this.#line(this.#total)} in ${this.seconds.toFixed(1)} s`
    console.log(process.stdout.isTTY ? `\r${line}` : line)
  }

  #line(done: number): string {
    const share = this.#total === 0 ? 1 : done / this.#total
    const full = Math.round(share * width)
    const bar = process.stdout.isTTY ? ` [${'#'.repeat(full)}${'.'.repeat(width - full)}]` : ''
    return `${this.#title.padEnd(9)}${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${done} of ${this.#total}`
  }
}
