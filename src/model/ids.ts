/**
 * Ids are strings of well-formed UTF-8 that the caller chose; the brands keep one from standing for another, and say that it was
 * checked.
 */
declare const brand: unique symbol
type Branded<T, Name extends string> = T & { readonly [brand]: Name }

/** A user as a call gives it; what calls take is any string. A test that makes up a result writes `'ann' as UserId`. */
export type UserId = Branded<string, 'UserId'>
/** As `UserId`. */
export type ConversationId = Branded<string, 'ConversationId'>
/** The client's id of a message: with conversation and sender it is the idempotency key. As `UserId`. */
export type MessageId = Branded<string, 'MessageId'>

/**
 * A place in the order of everything that concerns a user. The backend makes positions; all that others may do with
 * them is compare those of one user with `<`: what became visible to the user later has the greater position.
 * 0 is before everything.
 */
export type Position = Branded<number, 'Position'>
