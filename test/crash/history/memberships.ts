import type { CreateGroup, Operation } from '../operation.js'

type MemberOperation = Extract<Operation, { kind: 'member' }>

interface Turn {
  readonly joins: boolean
  readonly called: number
  /** Infinity as long as nobody knows whether it happened. */
  settled: number
}

/** Who was in which group when, as far as it is known. One call at a time changes one membership. */
export class Memberships {
  readonly #turns = new Map<string, Turn[]>()

  created({ conversation, members }: CreateGroup, now: number): void {
    for (const user of members) {
      const turns = this.#of(conversation, user)
      if (turns.length === 0) turns.push({ joins: true, called: now, settled: now })
    }
  }

  called({ conversation, user, joins }: MemberOperation, now: number): void {
    this.#of(conversation, user).push({ joins, called: now, settled: Infinity })
  }

  settled({ conversation, user }: MemberOperation, now: number): void {
    const last = this.#of(conversation, user).at(-1)
    if (last !== undefined) last.settled = now
  }

  refused({ conversation, user }: MemberOperation): void {
    this.#of(conversation, user).pop()
  }

  /** What is seen after a crash decides about a call of unknown outcome. False if it contradicts what is known. */
  observe(conversation: string, user: string, isIn: boolean, now: number): boolean {
    const turns = this.#of(conversation, user)
    const last = turns.at(-1)
    if (last?.settled === Infinity) {
      if (last.joins === isIn) last.settled = now
      else turns.pop()
    }
    return (turns.at(-1)?.joins ?? false) === isIn
  }

  /** True while a call of unknown outcome waits for a check: another call on top of it could not be told apart. */
  get isUnsure(): boolean {
    for (const turns of this.#turns.values()) if (turns.at(-1)?.settled === Infinity) return true
    return false
  }

  isIn(conversation: string, user: string): boolean {
    return this.#of(conversation, user).at(-1)?.joins ?? false
  }

  everIn(conversation: string, user: string): boolean {
    return this.#of(conversation, user).some(({ joins }) => joins)
  }

  /** One stretch only, from the one joining on: then the unread count follows from the messages alone. */
  joinedOnce(conversation: string, user: string): boolean {
    return this.#of(conversation, user).filter(({ joins }) => joins).length === 1
  }

  /** Whether the user was in, or out, during all of a stretch of time; null if that is not known. */
  during(conversation: string, user: string, from: number, to: number): boolean | null {
    let state = false
    for (const { joins, called, settled } of this.#of(conversation, user)) {
      if (settled < from) state = joins
      else if (called <= to) return null
    }
    return state
  }

  #of(conversation: string, user: string): Turn[] {
    const key = JSON.stringify([conversation, user])
    let turns = this.#turns.get(key)
    if (turns === undefined) this.#turns.set(key, (turns = []))
    return turns
  }
}
