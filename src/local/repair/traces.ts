import type { RepairNotes } from './repair-notes.js'

/** State that is derived from nothing: if its row is gone, it is lost. As reports call it. */
export type TracedThing = 'marks' | 'contact' | 'membership' | 'title and creator' | 'profile'

/**
 * Something that says that there was such a thing, though not what it was: a change in the feed, which has the position at
 * which the thing changed, or a row that cannot be read, which has none (0).
 */
export interface Trace {
  readonly what: TracedThing
  /** Whose it is; empty of a group itself. */
  readonly user: string
  /** Of a contact: with whom. */
  readonly other?: string
  readonly position: number
}

interface Traced extends Trace {
  /** A row of it cannot be read. */
  readonly isDamaged: boolean
}

/** The traces of one conversation, or of one profile: of each thing where it changed last. */
export class Traces {
  readonly #things = new Map<string, Traced>()

  add(trace: Trace): void {
    const key = `${trace.what} ${trace.user}`
    const before = this.#things.get(key)
    const isDamaged = before?.isDamaged === true || trace.position === 0
    const position = Math.max(before?.position ?? 0, trace.position)
    this.#things.set(key, { ...trace, position, isDamaged })
  }

  [Symbol.iterator](): Iterator<Trace> {
    return this.#things.values()
  }

  /**
   * Names what is lost: what was not found at all, or only as it was before it changed last. `foundAt` says where the newest
   * copy that was found changed last, and null if there is none.
   */
  name(notes: RepairNotes, conversation: string, foundAt: (trace: Trace) => number | null): void {
    for (const trace of this.#things.values()) {
      const said = lossOf(trace, foundAt(trace))
      if (said === null) continue
      const at = trace.position === 0 ? '' : `, changed at position ${trace.position}`
      notes.lose(said, `${placeOf(trace, JSON.stringify(conversation))}${at}`)
    }
  }
}

function lossOf({ what, position, isDamaged }: Traced, found: number | null): string | null {
  if (found === null) return `lost ${what}`
  if (found < position) return `lost ${what}, of which an older copy was found`
  // Where the feed has lost something as well, it does not know of the newest.
  return isDamaged ? `damaged ${what}; another copy was found, which may be older` : null
}

function placeOf({ what, user, other = '' }: Trace, conversation: string): string {
  const whose = `user ${JSON.stringify(user)}`
  switch (what) {
    case 'marks':
      return `${whose}, conversation ${conversation}`
    case 'contact':
      return `${whose}, contact ${JSON.stringify(other)}`
    case 'membership':
      return `group ${conversation}, ${whose}`
    case 'title and creator':
      return `group ${conversation}`
    case 'profile':
      return whose
  }
}
