import type { Json } from '../model/json.js'
import type { User } from '../model/user.js'
import { requireEqual } from './compare.js'
import type { Expectation } from './expectation.js'
import { accepted, refused } from './expectation.js'
import { canonical } from './model-state.js'

export interface UserShape {
  readonly id: string
  readonly name: string
  readonly profile?: Json
}

/** The registered users, as the contract has them. */
export class ModelUsers {
  readonly #users = new Map<string, UserShape>()

  find(id: string): UserShape | undefined {
    return this.#users.get(id)
  }

  register(user: UserShape): Expectation<unknown> {
    const known = this.#users.get(user.id)
    if (known !== undefined && !sameUser(known, user)) return refused('USER_EXISTS')
    return accepted(() => {
      this.#users.set(user.id, user)
    })
  }

  get(id: string): Expectation<User> {
    const known = this.#users.get(id)
    if (known === undefined) return refused('USER_NOT_FOUND')
    return accepted((user) => {
      requireEqual(user, known, 'a registered user')
    })
  }

  update(id: string, change: { readonly name?: string; readonly profile?: Json }): Expectation<unknown> {
    const known = this.#users.get(id)
    if (known === undefined) return refused('USER_NOT_FOUND')
    return accepted(() => {
      this.#users.set(id, { ...known, ...change })
    })
  }
}

function sameUser(one: UserShape, other: UserShape): boolean {
  return one.name === other.name && canonical(one.profile) === canonical(other.profile)
}
