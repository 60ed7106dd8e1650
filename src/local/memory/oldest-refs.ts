import type { ChangeRef } from '../../backend/port.js'

/**
 * Gathers the oldest pointers of many sources, each of which gives its own in ascending order: `most` of them, and all of the
 * last one's position. As soon as there are enough, nothing above them is wanted any more, so the sources end there.
 */
export class OldestRefs {
  readonly #most: number
  #refs: ChangeRef[] = []
  #through = Infinity
  /** So many, and the newest ones go. */
  #full: number

  constructor(most: number) {
    this.#most = most
    this.#full = 2 * most
  }

  wants(position: number): boolean {
    return position <= this.#through
  }

  add(ref: ChangeRef): void {
    if (this.#refs.push(ref) >= this.#full) this.#cut()
  }

  /** Nothing is wanted any more. */
  end(): void {
    this.#through = -1
    this.#refs = []
  }

  /** Ascending. Nothing at or below `through` is missing: Infinity if nothing is at all. */
  take(): { readonly refs: readonly ChangeRef[]; readonly through: number } {
    this.#cut()
    return { refs: this.#refs, through: this.#through }
  }

  #cut(): void {
    this.#refs.sort((a, b) => a.position - b.position)
    if (this.#refs.length > this.#most) {
      const end = endOfPage(this.#refs, 0, this.#most)
      this.#through = (this.#refs[end - 1] as ChangeRef).position
      this.#refs.length = end
    }
    // Those of one position may be more than that by themselves.
    this.#full = this.#refs.length + this.#most
  }
}

/** Where a page of `limit` pointers ends: those of one position stay together, so it may be longer for that. */
export function endOfPage(refs: readonly ChangeRef[], start: number, limit: number): number {
  let end = Math.min(refs.length, start + limit)
  while (end < refs.length && refs[end]?.position === refs[end - 1]?.position) end++
  return end
}

/**
 * The index of the first of ascending pointers after a position. Most readers have read all but the end; some come from far
 * back, page by page.
 */
export function firstBehind(refs: readonly ChangeRef[], position: number): number {
  let low = 0
  let high = refs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((refs[middle] as ChangeRef).position <= position) low = middle + 1
    else high = middle
  }
  return low
}
