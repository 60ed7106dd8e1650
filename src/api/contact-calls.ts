import { Contacts } from '../domain/contacts.js'
import type { DomainContext } from '../domain/context.js'
import type { Limits } from '../limits.js'
import type { UserId } from '../model/ids.js'
import type { Page } from '../model/page.js'
import type { Contact } from '../model/user.js'
import { checkFields, checkText, checkUserId } from './arguments.js'
import type { Calls } from './calls.js'
import { checkPage } from './page-arguments.js'
import type { PageOptions } from './page-arguments.js'

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

  /** The list in the order of the contacts' ids, by UTF-8 bytes. Default: pages of 50. */
  list(userId: string, options?: PageOptions): Promise<Page<Contact>> {
    return this.#calls.run((limits) =>
      this.#contacts.list(checkUserId(userId, 'userId', limits), checkPage(options, limits)),
    )
  }

  /** From now on the other user cannot send to this one directly, nor add this one to groups. */
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

function checkBoth(userId: string, otherId: string, other: string, limits: Limits): [UserId, UserId] {
  return [checkUserId(userId, 'userId', limits), checkUserId(otherId, other, limits)]
}
