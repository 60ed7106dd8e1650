import type { Json } from './json.js'
import type { Position, UserId } from './ids.js'

export interface User {
  readonly id: UserId
  readonly name: string
  readonly profile?: Json
}

/** What is the user's own: `Object.prototype.profile` is nobody's. */
export function profileOf(user: User): Json | undefined {
  return Object.hasOwn(user, 'profile') ? user.profile : undefined
}

export interface Contact {
  readonly contactId: UserId
  readonly alias?: string
  readonly blocked: boolean
}

/** A user's entry about another: what the user keeps (alias) and forbids (blocked), and where it last changed. */
export interface ContactEntry {
  readonly contactId: UserId
  /** In the user's list of contacts; an entry can also be there only because the other is blocked. */
  readonly listed: boolean
  readonly alias: string | undefined
  readonly blocked: boolean
  readonly position: Position
}

export interface UserEntry {
  readonly user: User
  readonly position: Position
}
