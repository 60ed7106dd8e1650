/** What a repair could not bring back, or not as it was. */
export interface Loss {
  readonly what: string
  readonly where: string
}

/** More than anybody reads; what lies beyond is counted. */
const maxLosses = 10_000

/** What a repair did, by what it is called in its report. */
export class RepairNotes {
  readonly rebuilt: Record<string, number> = {}
  readonly salvaged: Record<string, number> = {}
  readonly #lost: Loss[] = []
  #beyond = 0

  /** For what somebody else tells, or has told: nobody reads these. */
  static silent(): RepairNotes {
    return new RepairNotes()
  }

  rebuild(what: string, by = 1): void {
    this.rebuilt[what] = (this.rebuilt[what] ?? 0) + by
  }

  salvage(what: string, by = 1): void {
    if (by > 0) this.salvaged[what] = (this.salvaged[what] ?? 0) + by
  }

  lose(what: string, where: string): void {
    if (this.#lost.length < maxLosses) this.#lost.push({ what, where })
    else this.#beyond++
  }

  get lost(): readonly Loss[] {
    if (this.#beyond === 0) return this.#lost
    return [...this.#lost, { what: `${this.#beyond} more losses`, where: 'everywhere' }]
  }
}
