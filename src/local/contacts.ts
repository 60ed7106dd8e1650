import { andThen } from '../async/maybe-promise.js'
import type { MaybePromise } from '../backend/port.js'
import type { ContactRow } from '../formats/record-parts.js'
import type { Position, UserId } from '../model/ids.js'
import { pairKey } from '../model/pair-key.js'
import type { ContactEntry } from '../model/user.js'
import { compareUtf8 } from '../model/utf8-order.js'
import type { Generation } from './memory/generation.js'
import type { Memory } from './memory/memory.js'
import type { RowReader } from './reads/row-reader.js'
import type { Applier } from './writes/applier.js'
import type { Writer } from './writes/writer.js'

export interface ContactParts {
  readonly memory: Memory
  readonly rows: RowReader
  readonly writer: Writer
  readonly applier: Applier
}

/** Whom users have listed, under which name, and whom they have blocked. */
export class Contacts {
  readonly #parts: ContactParts
  /** Contact entries under way, newest last: a block and an alias may be changed at the same time. */
  readonly #underWay = new Map<string, ContactRow>()

  constructor(parts: ContactParts) {
    this.#parts = parts
  }

  of(user: UserId, other: UserId): MaybePromise<ContactEntry | null> {
    const live = liveContact(this.#parts.memory.generations.live, user, other)
    if (live !== undefined) return live
    return andThen(this.#parts.rows.contact(user, other), (row) =>
      row === undefined ? null : toContact(other, row),
    )
  }

  async list(user: UserId, after: UserId | undefined, limit: number): Promise<readonly ContactEntry[]> {
    const { memory, rows } = this.#parts
    // IMPORTANT: taken before the shards are read: a generation may be flushed meanwhile.
    const live = memory.generations.live.flatMap(
      ({ users }) => users.get(user)?.own?.contactsAfter(after, limit) ?? [],
    )
    const stored = await rows.contacts(user, after, limit)
    const all = new Map<string, ContactEntry>(
      stored.map((row) => [row.contactId, toContact(row.contactId as UserId, row)]),
    )
    // The newest generation comes last. No entry is ever removed, so the first of all are among the first of each.
    for (const entry of live) all.set(entry.contactId, entry)
    return [...all.values()].sort((a, b) => compareUtf8(a.contactId, b.contactId)).slice(0, limit)
  }

  /**
   * Hands over the entry as it will be when all that is under way is durable. `use` runs in the very step in which that
   * is true: contacts and blocks have different lanes, and neither may write what the other has changed meanwhile.
   */
  async withContact<T>(user: UserId, other: UserId, use: (contact: ContactRow) => Promise<T>): Promise<T> {
    const { memory } = this.#parts
    const held = memory.generations.beginRead()
    try {
      const stored = await this.of(user, other)
      // What came while the shards were read counts, also if it is durable or flushed by now.
      const found = liveContact(held, user, other) ?? stored
      const none = { listed: false, alias: undefined, blocked: false }
      return await use(this.#underWay.get(pairKey(user, other)) ?? found ?? none)
    } finally {
      memory.generations.endRead(held)
    }
  }

  async put(
    user: UserId,
    other: UserId,
    to: { readonly listed: boolean; readonly alias: string | undefined },
  ): Promise<void> {
    const { writer, applier } = this.#parts
    await this.withContact(user, other, ({ blocked }) => {
      const contact = { ...to, blocked }
      const event = writer.commit(null, (position, time) => ({
        record: { kind: 'contact', time, user, other, contact },
        apply: () => {
          const at = position as Position
          applier
            .touchUser(user)
            .makeOwn()
            .putContact({ contactId: other, ...contact, position: at })
          applier.addUserRef(user, { position: at, kind: 'contact', userId: other })
        },
      }))
      return this.whileUnderWay(user, other, contact, event.promise)
    })
  }

  /** Lets others see a contact entry that is not durable yet. */
  async whileUnderWay<T>(user: UserId, other: UserId, contact: ContactRow, done: Promise<T>): Promise<T> {
    const key = pairKey(user, other)
    this.#underWay.set(key, contact)
    try {
      return await done
    } finally {
      if (this.#underWay.get(key) === contact) this.#underWay.delete(key)
    }
  }
}

/** The newest entry that generations (oldest first) have of a contact. */
function liveContact(
  generations: readonly Generation[],
  user: UserId,
  other: UserId,
): ContactEntry | undefined {
  for (let i = generations.length - 1; i >= 0; i--) {
    const entry = generations[i]?.users.get(user)?.own?.contacts.get(other)
    if (entry !== undefined) return entry
  }
  return undefined
}

function toContact(contactId: UserId, row: ContactRow & { position: number }): ContactEntry {
  const { listed, alias, blocked, position } = row
  return { contactId, listed, alias, blocked, position: position as Position }
}
