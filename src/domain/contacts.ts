import type { Backend } from '../backend/port.js'
import { ColumbaError } from '../errors.js'
import type { UserId } from '../model/ids.js'
import type { Page } from '../model/page.js'
import type { Contact, ContactEntry } from '../model/user.js'
import { commitChange, assertShownIsStored } from './commit-change.js'
import { toContact } from './contact-view.js'
import type { DomainContext } from './context.js'
import { readCursor, writeCursor } from './cursors.js'
import { requireUser } from './participants.js'

export interface ContactOptions {
  readonly alias?: string | undefined
}

export interface ContactPageOptions {
  readonly limit: number
  readonly cursor?: string | undefined
  /** Whom the user has blocked, on the list or not, in place of the list. */
  readonly blocked?: boolean | undefined
}

/** So many entries are read at once where the first ones were not enough: all of them may belong to the other list. */
const fewestPerStep = 500

/**
 * A user's contacts, and whom the user has blocked. The two are apart: a blocked stranger is not in the list of contacts, and
 * removing a contact does not lift a block.
 */
export class Contacts {
  readonly #context: DomainContext
  readonly #backend: Backend

  constructor(context: DomainContext) {
    this.#context = context
    this.#backend = context.backend
  }

  /** Puts a contact into the list. Adding one that is there replaces the alias; without one the contact has none. */
  async add(user: UserId, contactId: UserId, { alias }: ContactOptions = {}): Promise<void> {
    refuseOneself(user, contactId, 'contactId')
    await this.#context.lanes.user(user, async () => {
      await requireUser(this.#context, user, 'userId')
      await requireUser(this.#context, contactId, 'contactId')
      const entry = await this.#backend.contact(user, contactId)
      if (entry?.listed === true && entry.alias === alias) return assertShownIsStored(this.#backend)
      await this.#backend.putContact(user, contactId, { listed: true, alias })
    })
  }

  /** Takes a contact off the list, and its alias with it. One that is not there is no error. */
  async remove(user: UserId, contactId: UserId): Promise<void> {
    await this.#context.lanes.user(user, async () => {
      await requireUser(this.#context, user, 'userId')
      const entry = await this.#backend.contact(user, contactId)
      if (entry?.listed !== true) return assertShownIsStored(this.#backend)
      await this.#backend.putContact(user, contactId, { listed: false, alias: undefined })
    })
  }

  /** The list, or the one of the blocked, in the order of the others' ids (by UTF-8 bytes). */
  async list(user: UserId, { limit, cursor, blocked = false }: ContactPageOptions): Promise<Page<Contact>> {
    const scope = ['contacts', user, blocked]
    let after = cursor === undefined ? undefined : (readCursor(scope, cursor, ['name'])[0] as UserId)
    await requireUser(this.#context, user, 'userId')
    const found: ContactEntry[] = []
    // One more than asked for, so that the last page knows that it is the last.
    for (let step = limit + 1; found.length <= limit; step = Math.max(step, fewestPerStep)) {
      const entries = await this.#backend.contacts(user, after, step)
      found.push(...entries.filter((entry) => (blocked ? entry.blocked : entry.listed)))
      after = entries.at(-1)?.contactId
      if (entries.length < step) break
    }
    const items = found.slice(0, limit)
    const last = items.at(-1)
    return Object.freeze({
      items: Object.freeze(items.map(toContact)),
      next: found.length > limit && last !== undefined ? writeCursor(scope, [last.contactId]) : null,
    })
  }

  /** From now on the other's direct sends to the user are refused, and the other cannot add the user to groups. */
  block(user: UserId, other: UserId): Promise<void> {
    return this.#setBlocked(user, other, true)
  }

  unblock(user: UserId, other: UserId): Promise<void> {
    return this.#setBlocked(user, other, false)
  }

  /** In the lane of the two users' direct conversation: a send comes before the block or after it. */
  async #setBlocked(user: UserId, other: UserId, blocked: boolean): Promise<void> {
    refuseOneself(user, other, 'otherId')
    const handle = this.#backend.direct(user, other)
    await commitChange(this.#context, handle, user, async () => {
      await requireUser(this.#context, user, 'userId')
      // A block on a user from times when every id was a user can be lifted.
      if (blocked) await requireUser(this.#context, other, 'otherId')
      return handle.isBlocked(other) === blocked ? null : { kind: 'block', blocker: user, blocked }
    })
  }
}

function refuseOneself(user: UserId, other: UserId, field: string): void {
  if (user === other) {
    throw new ColumbaError('INVALID_ARGUMENT', 'a user is no contact of oneself', { field })
  }
}
