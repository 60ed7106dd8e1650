import type { StoredChange } from '../../formats/change-list.js'
import type { MarksRow } from '../../formats/record-parts.js'

/** The marks of a group's members that move in a generation. */
export class GroupMarks {
  readonly #conversation: string
  /** At the end of the generation, by member. */
  readonly last = new Map<string, MarksRow>()
  /** Position of the last move by member, in ascending order. */
  readonly #read = new Map<string, number>()
  readonly #delivered = new Map<string, number>()

  constructor(conversation: string) {
    this.#conversation = conversation
  }

  add(user: string, marks: MarksRow, position: number): void {
    this.last.set(user, marks)
    const moved = marks.readAt === position ? this.#read : this.#delivered
    // What a map gets anew it has at its end.
    moved.delete(user)
    moved.set(user, position)
  }

  /** The changes: of many of a member only the last of each kind, the others are overtaken. Each kind is in order by itself. */
  *changes(): Generator<StoredChange, void> {
    const conversation = this.#conversation
    for (const [user, position] of this.#read) yield { position, kind: 'read', conversation, user }
    for (const [user, position] of this.#delivered) yield { position, kind: 'delivered', conversation, user }
  }
}
