import { createHash } from 'node:crypto'
import type { Backend } from '../backend/port.js'
import { ColumbaError } from '../errors.js'
import { canonicalJson } from '../model/canonical-json.js'
import type { UserId } from '../model/ids.js'
import type { Json } from '../model/json.js'
import { profileOf, type User } from '../model/user.js'
import { assertShownIsStored } from './commit-change.js'
import type { DomainContext } from './context.js'
import { userNotFound } from './participants.js'

/** What is left out stays as it is. */
export interface UserChange {
  readonly name?: string | undefined
  readonly profile?: Json | undefined
}

/** Users by their ids. Writes for one user come one after the other, in the order of the calls. */
export class Users {
  readonly #context: DomainContext
  readonly #backend: Backend

  constructor(context: DomainContext) {
    this.#context = context
    this.#backend = context.backend
  }

  /** Registers a user. A repeat with the same content gives the user again; other content is USER_EXISTS. */
  register(user: User): Promise<User> {
    return this.#context.lanes.user(user.id, async () => {
      const known = await this.#backend.user(user.id)
      if (known === null) return this.#put(user)
      return this.#known(known.user, isSame(known.user, user))
    })
  }

  /**
   * Like `register`, for a user beyond the limits of today that can only be a repeat; refused with `excess` if there is no such
   * user. A digest waits, as of messages like that (repeat-answers.ts).
   */
  registered(user: User, excess: ColumbaError): Promise<User> {
    const { id } = user
    const digest = digestOf(user)
    return this.#context.lanes.user(id, async () => {
      const known = await this.#backend.user(id)
      if (known === null) throw excess
      return this.#known(known.user, digestOf(known.user) === digest)
    })
  }

  #known(user: User, same: boolean): User {
    if (!same) throw new ColumbaError('USER_EXISTS', 'the user is registered with other content')
    assertShownIsStored(this.#backend)
    return user
  }

  /** USER_NOT_FOUND for one that was never registered. */
  async get(id: UserId): Promise<User> {
    const known = await this.#backend.user(id)
    if (known === null) throw userNotFound({ field: 'id' })
    return known.user
  }

  update(id: UserId, { name, profile }: UserChange): Promise<User> {
    return this.#context.lanes.user(id, async () => {
      const before = await this.get(id)
      const after = {
        ...before,
        ...(name === undefined ? {} : { name }),
        ...(profile === undefined ? {} : { profile }),
      }
      if (!isSame(before, after)) return this.#put(after)
      assertShownIsStored(this.#backend)
      return before
    })
  }

  async #put(user: User): Promise<User> {
    const kept = Object.freeze({ ...user })
    await this.#backend.putUser(kept)
    return kept
  }
}

function isSame(a: User, b: User): boolean {
  return a.name === b.name && profileText(a) === profileText(b)
}

function digestOf(user: User): string {
  const content = JSON.stringify([user.name, profileText(user)])
  return createHash('sha256').update(content).digest('base64url')
}

/** The stored profile as text: it was accepted under limits that may have been others. */
function profileText(user: User): string | null {
  const profile = profileOf(user)
  if (profile === undefined) return null
  return canonicalJson(profile, { maxBytes: Infinity, maxDepth: Infinity, field: 'profile' })
}
