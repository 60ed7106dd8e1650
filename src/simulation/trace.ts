/** A running digest of everything that happened: two runs are the same if it is. 53 bits, for comparing, not for safety. */
export class Trace {
  #high = 0xdeadbeef
  #low = 0x41c6ce57
  #notes = 0
  readonly #listener: ((note: string) => void) | undefined

  /** `listener` gets every note, to see where two runs part. */
  constructor(listener?: (note: string) => void) {
    this.#listener = listener
  }

  get notes(): number {
    return this.#notes
  }

  note(what: string): void {
    this.#notes++
    let high = this.#high
    let low = this.#low
    for (let i = 0; i < what.length; i++) {
      const code = what.charCodeAt(i)
      high = Math.imul(high ^ code, 2654435761)
      low = Math.imul(low ^ code, 1597334677)
    }
    this.#high = Math.imul(high ^ (low >>> 15), 2246822507)
    this.#low = Math.imul(low ^ (high >>> 13), 3266489909)
    this.#listener?.(what)
  }

  /** Fourteen hexadecimal digits. */
  get hash(): string {
    const high = (this.#high >>> 0) & 0x1fffff
    return high.toString(16).padStart(6, '0') + (this.#low >>> 0).toString(16).padStart(8, '0')
  }
}
