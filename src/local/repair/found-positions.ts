export interface PositionRange {
  readonly first: number
  readonly last: number
}

/** Which records there are, as ranges of positions: added in their order, so memory grows with the gaps. */
export class FoundPositions {
  readonly #ranges: { readonly first: number; last: number }[] = []

  add(position: number): void {
    const range = this.#ranges.at(-1)
    if (range === undefined || position > range.last + 1)
      this.#ranges.push({ first: position, last: position })
    else range.last = Math.max(range.last, position)
  }

  /** Those of a range that are not there. */
  missing(first: number, last: number): PositionRange[] {
    const gaps: PositionRange[] = []
    let next = first
    for (const range of this.#ranges) {
      if (range.first > next) gaps.push({ first: next, last: Math.min(last, range.first - 1) })
      next = Math.max(next, range.last + 1)
      if (next > last) break
    }
    if (next <= last) gaps.push({ first: next, last })
    return gaps.filter((gap) => gap.first <= gap.last)
  }
}
