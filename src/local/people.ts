import { andThen } from '../async/maybe-promise.js'
import type { MaybePromise } from '../backend/port.js'
import type { ContactRow, MembershipRow } from '../formats/record-parts.js'
import { parseStoredJson } from '../formats/stored-json.js'
import type { Marks, Reached } from '../model/conversation.js'
import type { Membership } from '../model/group.js'
import type { Position, UserId } from '../model/ids.js'
import { pairKey } from '../model/pair-key.js'
import type { ContactEntry, User, UserEntry } from '../model/user.js'
import type { Applier } from './writes/applier.js'
import type { Loader } from './reads/loader.js'
import type { ConversationEntry } from './memory/entries.js'
import type { Generation } from './memory/generation.js'
import type { Memory } from './memory/memory.js'
import { toMembership } from './views/membership-view.js'
import type { RowReader } from './reads/row-reader.js'
import type { Writer } from './writes/writer.js'

export interface PeopleParts {
  readonly memory: Memory
  readonly rows: RowReader
  readonly loader: Loader
  readonly writer: Writer
  readonly applier: Applier
}

/** What users do besides writing messages: marks, profiles, contacts; and the members of a group. */
export class People {
  readonly #parts: PeopleParts
  /** Contact entries under way, newest last: a block and an alias may be changed at the same time. */
  readonly #contacts = new Map<string, ContactRow>()

  constructor(parts: PeopleParts) {
    this.#parts = parts
  }

  // ---- marks

  mark(
    user: UserId,
    entry: ConversationEntry,
    before: Marks,
    to: Reached,
    by: 'read' | 'delivered',
  ): Promise<void> {
    const { pair } = entry
    if (pair === null) return this.#markInGroup(user, entry, before, to, by)
    return this.#parts.writer.mark(entry, pair[0] === user ? 0 : 1, before, to, by)
  }

  async #markInGroup(
    user: UserId,
    entry: ConversationEntry,
    before: Marks,
    to: Reached,
    by: 'read' | 'delivered',
  ): Promise<void> {
    const { writer, applier, memory } = this.#parts
    const conversation = entry.id
    const event = writer.commit(null, (at, time) => {
      const position = at as Position
      const marks: Marks = {
        delivered: to.delivered,
        read: to.read,
        ownAtRead: to.ownAtRead,
        readAt: by === 'read' ? position : before.readAt,
        deliveredAt: by === 'delivered' ? position : before.deliveredAt,
      }
      return {
        record: { kind: 'groupMarks', time, user, conversation, marks },
        apply: () => {
          const ref = { position, kind: by, conversationId: conversation, userId: user } as const
          applier.touchUser(user).makeOwn().putMarks(conversation, marks)
          applier.touch(entry).group?.refs.push(ref)
          applier.newsOfGroup(conversation)
          const node = memory.nodeOf(user, entry)
          if (node !== null) {
            node.marks = marks
            node.view = null
          }
          const known = memory.peekUser(user)
          if (known !== undefined) applier.marked(known, entry, marks)
        },
      }
    })
    await event.promise
  }

  // ---- users

  user(id: UserId): MaybePromise<UserEntry | null> {
    const { live } = this.#parts.memory.generations
    for (let i = live.length - 1; i >= 0; i--) {
      const profile = live[i]?.users.get(id)?.own?.profile
      if (profile !== undefined && profile !== null) return profile
    }
    return andThen(this.#parts.rows.profile(id), (row) => {
      if (row === undefined) return null
      return toUserEntry(id, row.name, row.profile, row.position)
    })
  }

  async putUser(user: User): Promise<void> {
    const { writer, applier } = this.#parts
    const profile = user.profile === undefined ? undefined : JSON.stringify(user.profile)
    const event = writer.commit(null, (position, time) => ({
      record: { kind: 'user', time, user: user.id, name: user.name, profile },
      apply: () => {
        applier.touchUser(user.id).makeOwn().profile = toUserEntry(user.id, user.name, profile, position)
        applier.addUserRef(user.id, { position: position as Position, kind: 'profile' })
      },
    }))
    await event.promise
  }

  // ---- contacts

  contact(user: UserId, other: UserId): MaybePromise<ContactEntry | null> {
    const live = liveContact(this.#parts.memory.generations.live, user, other)
    if (live !== undefined) return live
    return andThen(this.#parts.rows.contact(user, other), (row) =>
      row === undefined ? null : toContact(other, row),
    )
  }

  async contacts(user: UserId, after: UserId | undefined, limit: number): Promise<readonly ContactEntry[]> {
    const { memory, rows } = this.#parts
    const live = new Map<string, ContactEntry>()
    for (const generation of memory.generations.live) {
      for (const [other, entry] of generation.users.get(user)?.own?.contacts ?? []) live.set(other, entry)
    }
    const stored = await rows.contacts(user, after, limit + live.size)
    const all = new Map(stored.map((row) => [row.contactId, toContact(row.contactId as UserId, row)]))
    const reach = stored.length < limit + live.size ? undefined : stored.at(-1)?.contactId
    for (const [other, entry] of live) {
      if (after !== undefined && compareBytes(other, after) <= 0) continue
      if (reach !== undefined && compareBytes(other, reach) > 0) continue
      all.set(other, entry)
    }
    return [...all.values()].sort((a, b) => compareBytes(a.contactId, b.contactId)).slice(0, limit)
  }

  /**
   * Hands over the entry as it will be when all that is under way is durable. `use` runs in the very step in which that
   * is true: contacts and blocks have different lanes, and neither may write what the other has changed meanwhile.
   */
  async withContact<T>(user: UserId, other: UserId, use: (contact: ContactRow) => Promise<T>): Promise<T> {
    const { memory } = this.#parts
    const held = memory.generations.beginRead()
    try {
      const stored = await this.contact(user, other)
      // What came while the shards were read counts, also if it is durable or flushed by now.
      const found = liveContact(held, user, other) ?? stored
      const none = { listed: false, alias: undefined, blocked: false }
      return await use(this.#contacts.get(pairKey(user, other)) ?? found ?? none)
    } finally {
      memory.generations.endRead(held)
    }
  }

  async putContact(
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
    this.#contacts.set(key, contact)
    try {
      return await done
    } finally {
      if (this.#contacts.get(key) === contact) this.#contacts.delete(key)
    }
  }

  // ---- members

  members(entry: ConversationEntry, after: number, limit: number): MaybePromise<readonly Membership[]> {
    const part = entry.groupPart
    if (part === null) return []
    if (part.present === null) return this.#storedMembers(entry, after, limit)
    return [...part.present.values()]
      .filter(({ ordinal }) => ordinal > after)
      .slice(0, limit)
      .map(toMembership)
  }

  async #storedMembers(
    entry: ConversationEntry,
    after: number,
    limit: number,
  ): Promise<readonly Membership[]> {
    const { rows, loader } = this.#parts
    const live = new Map<number, UserId | null>()
    const chain = []
    for (let touched = entry.touched; touched !== null; touched = touched.older) {
      if (!touched.generation.flushed) chain.unshift(touched)
    }
    for (const { group } of chain) for (const [ordinal, user] of group?.roll ?? []) live.set(ordinal, user)
    const wanted = limit + live.size
    const stored = await rows.roll(entry.id, after, wanted)
    const roll = new Map<number, UserId | null>(stored.map(({ ordinal, user }) => [ordinal, user as UserId]))
    const reach = stored.length < wanted ? Infinity : (stored.at(-1)?.ordinal as number)
    for (const [ordinal, user] of live) if (ordinal > after && ordinal <= reach) roll.set(ordinal, user)
    const users = [...roll]
      .sort(([a], [b]) => a - b)
      .map(([, user]) => user)
      .filter((user) => user !== null)
      .slice(0, limit)
    const found: (MembershipRow | null)[] = await Promise.all(
      users.map(async (user) => loader.membership(user, entry)),
    )
    return found.filter((membership) => membership !== null).map(toMembership)
  }
}

function toUserEntry(id: UserId, name: string, profile: string | undefined, position: number): UserEntry {
  const user: User = { id, name, ...(profile === undefined ? {} : { profile: parseStoredJson(profile) }) }
  return { user: Object.freeze(user), position: position as Position }
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

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
