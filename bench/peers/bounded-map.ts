/**
 * The oldest entries leave when there are too many: first in, first out (moving an entry at each look costs more than
 * the odd extra miss). Eviction waits for `trim()`, so that nothing leaves in the middle of a group that changes it.
 */
export class BoundedMap<Key, Value> {
  readonly #entries = new Map<Key, Value>()
  readonly #capacity: number

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key)
  }

  set(key: Key, value: Value): void {
    this.#entries.set(key, value)
  }

  trim(): void {
    if (this.#entries.size <= this.#capacity) return
    // A tenth at a time: dropping one by one would look for the oldest each time.
    let surplus = this.#entries.size - Math.floor(this.#capacity * 0.9)
    for (const key of this.#entries.keys()) {
      if (surplus-- === 0) break
      this.#entries.delete(key)
    }
  }

  clear(): void {
    this.#entries.clear()
  }
}
