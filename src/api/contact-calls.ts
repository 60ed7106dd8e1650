import { Contacts } from '../domain/contacts.js'
import type { DomainContext } from '../domain/context.js'
import type { Limits } from '../limits.js'
import type { UserId } from '../model/ids.js'
import type { Page } from '../model/page.js'
import type { Contact } from '../model/user.js'
import { checkBoolean, checkFields, checkText, checkUserId } from './arguments.js'
import type { Calls } from './calls.js'
import { checkPageFields } from './page-arguments.js'
import type { PageOptions } from './page-arguments.js'

export interface ListContactsOptions extends PageOptions {
  /** Whom the user has blocked, contact or not, in place of the contacts. Default false. */
  readonly blocked?: boolean | undefined
}

/** `store.contacts` */
export class ContactCalls {
  readonly #calls: Calls
  readonly #contacts: Contacts

  constructor(context: DomainContext, calls: Calls) {
    this.#calls = calls
    this.#contacts = new Contacts(context)
  }

  /**
   * Puts a user into the list, or gives the entry that is there another alias; without one it has none. Oneself is
   * INVALID_ARGUMENT.
   */
  add(userId: string, contactId: string, options?: { readonly alias?: string | undefined }): Promise<void> {
    return this.#calls.run((limits) => {
      const [user, contact] = checkBoth(userId, contactId, 'contactId', limits)
      const { alias } = checkFields(options, 'options', ['alias'])
      return this.#contacts.add(user, contact, {
        alias: alias === undefined ? undefined : checkText(alias, 'alias', limits.titleBytes),
      })
    })
  }

  /** Takes a user off the list, and drops the alias; a block stays. No error for one who is not on the list. */
  remove(userId: string, contactId: string): Promise<void> {
    return this.#calls.run((limits) =>
      this.#contacts.remove(...checkBoth(userId, contactId, 'contactId', limits)),
    )
  }

  /**
   * The list in the order of the contacts' ids, by UTF-8 bytes; with `blocked: true` all whom the user has blocked, on the list
   * or not, in the same order and shape. Default: pages of 50. A cursor of the one list is INVALID_ARGUMENT for the other.
   */
  list(userId: string, options?: ListContactsOptions): Promise<Page<Contact>> {
    return this.#calls.run((limits) =>
      this.#contacts.list(checkUserId(userId, 'userId', limits), checkList(options, limits)),
    )
  }

  /**
   * From now on the other user cannot send to this one directly, nor add this one to groups. `list` with `blocked: true` reads
   * it back. Oneself is INVALID_ARGUMENT.
   */
  block(userId: string, otherId: string): Promise<void> {
    return this.#calls.run((limits) => this.#contacts.block(...checkBoth(userId, otherId, 'otherId', limits)))
  }

  /**
   * Takes a block back. No error for one who is not blocked; that user need not be registered. Oneself is INVALID_ARGUMENT.
   */
  unblock(userId: string, otherId: string): Promise<void> {
    return this.#calls.run((limits) =>
      this.#contacts.unblock(...checkBoth(userId, otherId, 'otherId', limits)),
    )
  }
}

function checkList(options: ListContactsOptions | undefined, limits: Limits) {
  const given = checkFields(options, 'options', ['limit', 'cursor', 'blocked'])
  return {
    ...checkPageFields(given, limits),
    blocked: given.blocked === undefined ? false : checkBoolean(given.blocked, 'blocked'),
  }
}

function checkBoth(userId: string, otherId: string, other: string, limits: Limits): [UserId, UserId] {
  return [checkUserId(userId, 'userId', limits), checkUserId(otherId, other, limits)]
}
