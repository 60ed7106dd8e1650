/**
 * A time that the store decides and the model learns: the first answer that shows it fixes it, and it must lie within
 * the bounds; every later answer must show the same.
 */
export class Moment {
  readonly #earliest: number
  readonly #latest: number
  #value: number | undefined

  constructor(earliest: number, latest: number) {
    this.#earliest = earliest
    this.#latest = latest
  }

  get value(): number | undefined {
    return this.#value
  }

  matches(actual: unknown): boolean {
    if (this.#value !== undefined) return actual === this.#value
    if (typeof actual !== 'number' || actual < this.#earliest || actual > this.#latest) return false
    this.#value = actual
    return true
  }

  toJSON(): string {
    return `a time from ${this.#earliest} to ${this.#latest}, so far ${this.#value ?? 'unknown'}`
  }
}
