import type { Contact, ContactEntry } from '../model/user.js'

/** A contact as the API gives it: frozen, without what is only the store's business. */
export function toContact({ contactId, alias, blocked }: ContactEntry): Contact {
  return Object.freeze({ contactId, ...(alias === undefined ? {} : { alias }), blocked })
}
