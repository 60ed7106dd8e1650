import { andThen } from '../async/maybe-promise.js'
import type { MaybePromise } from '../backend/port.js'
import { parseStoredJson } from '../formats/stored-json.js'
import type { Position, UserId } from '../model/ids.js'
import { profileOf, type User, type UserEntry } from '../model/user.js'
import type { Memory } from './memory/memory.js'
import type { RowReader } from './reads/row-reader.js'
import type { Applier } from './writes/applier.js'
import type { Writer } from './writes/writer.js'

export interface ProfileParts {
  readonly memory: Memory
  readonly rows: RowReader
  readonly writer: Writer
  readonly applier: Applier
}

/** Those who are registered, and what they say of themselves. */
export class Profiles {
  readonly #parts: ProfileParts

  constructor(parts: ProfileParts) {
    this.#parts = parts
  }

  of(id: UserId): MaybePromise<UserEntry | null> {
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

  async put(user: User): Promise<void> {
    const { writer, applier } = this.#parts
    const given = profileOf(user)
    const profile = given === undefined ? undefined : JSON.stringify(given)
    const event = writer.commit(null, (position, time) => ({
      record: { kind: 'user', time, user: user.id, name: user.name, profile },
      apply: () => {
        applier.touchUser(user.id).makeOwn().profile = toUserEntry(user.id, user.name, profile, position)
        applier.addUserRef(user.id, { position: position as Position, kind: 'profile' })
      },
    }))
    await event.promise
  }
}

function toUserEntry(id: UserId, name: string, profile: string | undefined, position: number): UserEntry {
  const user: User = { id, name, ...(profile === undefined ? {} : { profile: parseStoredJson(profile) }) }
  return { user: Object.freeze(user), position: position as Position }
}
