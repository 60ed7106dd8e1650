const shown = 20
const maxChars = 300

/** What differs from the recount. One is too many; the first ones are shown. */
export class Problems {
  readonly #first: string[] = []
  #count = 0

  get count(): number {
    return this.#count
  }

  add(where: string, found: unknown, wanted: unknown): void {
    this.#count++
    if (this.#first.length < shown) {
      this.#first.push(`${where}\n    store:   ${inspect(found)}\n    recount: ${inspect(wanted)}`)
    }
  }

  /** True if they are the same; otherwise it is noted. Compares as JSON. */
  same(where: string, found: unknown, wanted: unknown): boolean {
    if (JSON.stringify(found) === JSON.stringify(wanted)) return true
    this.add(where, found, wanted)
    return false
  }

  report(): string {
    const rest = this.#count - this.#first.length
    return [...this.#first, ...(rest > 0 ? [`… and ${rest} more`] : [])].join('\n')
  }
}

function inspect(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length <= maxChars ? text : `${text.slice(0, maxChars)}…`
}
