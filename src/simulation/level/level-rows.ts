/** Null stands for a deletion. */
export type LevelRow = readonly [key: string, value: Buffer | null]

interface Version {
  readonly sequence: number
  readonly value: Buffer | null
}

/**
 * An ordered map that remembers, for readers who hold a moment of it. Keys are bytes as a string of characters up to 255,
 * whose order is that of the bytes.
 */
export class LevelRows {
  readonly #versions = new Map<string, Version[]>()
  readonly #keys: string[] = []
  #sorted = true
  readonly #held: number[] = []
  sequence = 0

  /** Applied as one. */
  apply(rows: readonly LevelRow[]): void {
    this.sequence++
    for (const [key, value] of rows) {
      const versions = this.#versions.get(key)
      const version = { sequence: this.sequence, value }
      if (versions === undefined) {
        this.#versions.set(key, [version])
        this.#keys.push(key)
        this.#sorted = false
      } else {
        if (this.#held.length === 0) versions.length = 0
        versions.push(version)
      }
    }
  }

  /** Keeps what a reader at this moment sees. Returns the function that gives it up. */
  hold(): { readonly sequence: number; readonly release: () => void } {
    const { sequence } = this
    this.#held.push(sequence)
    return {
      sequence,
      release: () => {
        const at = this.#held.indexOf(sequence)
        if (at >= 0) this.#held.splice(at, 1)
      },
    }
  }

  get held(): number {
    return this.#held.length
  }

  get(key: string, sequence = Infinity): Buffer | undefined {
    const versions = this.#versions.get(key) ?? []
    for (let i = versions.length - 1; i >= 0; i--) {
      const version = versions[i] as Version
      if (version.sequence <= sequence) return version.value ?? undefined
    }
    return undefined
  }

  /** Rows with gte ≤ key < lt, as of `sequence`. */
  range(gte: string, lt: string, reverse: boolean, limit: number, sequence: number): [string, Buffer][] {
    const keys = this.#order()
    const from = lowerBound(keys, gte)
    const to = lowerBound(keys, lt)
    const found: [string, Buffer][] = []
    for (let i = 0; i < to - from && found.length < limit; i++) {
      const key = keys[reverse ? to - 1 - i : from + i] as string
      const value = this.get(key, sequence)
      if (value !== undefined) found.push([key, value])
    }
    return found
  }

  /** The present rows, in order; deletions too. */
  *all(): Generator<LevelRow> {
    for (const key of this.#order()) yield [key, this.#versions.get(key)?.at(-1)?.value ?? null]
  }

  #order(): string[] {
    if (!this.#sorted) {
      this.#keys.sort(byCode)
      this.#sorted = true
    }
    return this.#keys
  }
}

const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((keys[middle] as string) < key) low = middle + 1
    else high = middle
  }
  return low
}
