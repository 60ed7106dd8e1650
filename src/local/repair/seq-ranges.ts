/** Which numbers of each conversation have been seen; memory grows with conversations and gaps, not with numbers. */
export class SeqRanges {
  readonly #ranges = new Map<string, [first: number, last: number][]>()

  add(conversation: string, first: number, last: number): void {
    const ranges = this.#ranges.get(conversation) ?? []
    const apart = ranges.filter(([from, to]) => to < first - 1 || from > last + 1)
    const joined = ranges.filter((range) => !apart.includes(range))
    apart.push([
      Math.min(first, ...joined.map(([from]) => from)),
      Math.max(last, ...joined.map(([, to]) => to)),
    ])
    this.#ranges.set(conversation, apart)
  }

  /** How many numbers there are, each counted once. */
  get count(): number {
    let count = 0
    for (const ranges of this.#ranges.values()) for (const [first, last] of ranges) count += last - first + 1
    return count
  }
}
