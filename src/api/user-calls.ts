import type { DomainContext } from '../domain/context.js'
import { Users, type UserChange } from '../domain/users.js'
import type { Limits } from '../limits.js'
import { canonicalJson, parseCanonicalJson } from '../model/canonical-json.js'
import type { Json } from '../model/json.js'
import type { User } from '../model/user.js'
import { checkFields, checkText, checkUserId } from './arguments.js'
import type { Calls } from './calls.js'
import { takeRepeatable } from './former-limits.js'

export interface RegisterRequest {
  readonly id: string
  /** At most `limits.titleBytes` bytes. */
  readonly name: string
  /** At most `limits.attributesBytes` bytes as JSON, without `undefined` in it. */
  readonly profile?: Json | undefined
}

/** `store.users` */
export class UserCalls {
  readonly #calls: Calls
  readonly #users: Users

  constructor(context: DomainContext, calls: Calls) {
    this.#calls = calls
    this.#users = new Users(context)
  }

  /** Registers a user. A repeat with the same content gives the user; with other content it is USER_EXISTS. */
  register(request: RegisterRequest): Promise<User> {
    return this.#calls.run((limits) => {
      const taken = takeRepeatable(limits, (within) => checkUser(request, within))
      return taken.excess === undefined
        ? this.#users.register(taken.arguments)
        : this.#users.registered(taken.arguments, taken.excess)
    })
  }

  /** A registered user; USER_NOT_FOUND for others. */
  get(id: string): Promise<User> {
    return this.#calls.run((limits) => this.#users.get(checkUserId(id, 'id', limits)))
  }

  /** Changes what is given and leaves the rest. USER_NOT_FOUND for a user that is not registered. */
  update(id: string, change: UserChange): Promise<User> {
    return this.#calls.run((limits) => {
      const user = checkUserId(id, 'id', limits)
      const { name, profile } = checkFields(change, 'change', ['name', 'profile'])
      return this.#users.update(user, {
        name: name === undefined ? undefined : checkText(name, 'name', limits.titleBytes),
        profile: profile === undefined ? undefined : checkProfile(profile, limits),
      })
    })
  }
}

function checkUser(request: RegisterRequest, limits: Limits): User {
  const { id, name, profile } = checkFields(request, 'user', ['id', 'name', 'profile'])
  return Object.freeze({
    id: checkUserId(id, 'id', limits),
    name: checkText(name, 'name', limits.titleBytes),
    ...(profile === undefined ? undefined : { profile: checkProfile(profile, limits) }),
  })
}

/** A copy of the caller's profile, deeply frozen. */
function checkProfile(profile: unknown, { attributesBytes, attributesDepth }: Limits): Json {
  const bounds = { maxBytes: attributesBytes, maxDepth: attributesDepth, field: 'profile' }
  return parseCanonicalJson(canonicalJson(profile, bounds))
}
