import { createHash } from 'node:crypto'
import type { MessageId, UserId } from './ids.js'
import type { Message } from './message.js'

/**
 * Ids that are derived from sender, time and device live among the ids that clients give, and must never meet one. A
 * stored id that begins with `~.` is a derived one. A given id that begins so, or with several `~` and the dot, is
 * stored with one more `~` in front, and readers get it back as it was given.
 */
const mark = '~'
const markCode = mark.charCodeAt(0)
const derivedPrefix = `${mark}.`
const needsEscape = /^~+\./
const escaped = /^~~+\./

/** No given or derived id is longer; with a `~` in front a stored one may be. */
export const maxIdBytes = 256

/** The id under which a message with a given id is stored; one byte longer at most. */
export function storedId(given: string): MessageId {
  return (given.charCodeAt(0) === markCode && needsEscape.test(given) ? mark + given : given) as MessageId
}

/**
 * A stored id as message bodies have it, where an id has room for `maxIdBytes`: one that the `~` in front makes longer is
 * without it, and the body says so in another place (formats/message-body.ts).
 */
export function idInBody(stored: string): string {
  if (stored.charCodeAt(0) !== markCode || stored.length * 3 <= maxIdBytes) return stored
  return Buffer.byteLength(stored) > maxIdBytes ? stored.slice(1) : stored
}

/** The id that a reader gets for a stored one. */
export function shownId(stored: MessageId): MessageId {
  return isEscaped(stored) ? (stored.slice(1) as MessageId) : stored
}

/** The message as readers get it; the same object, unless its given id begins with the mark. */
export function shownMessage(message: Message): Message {
  return isEscaped(message.id) ? Object.freeze({ ...message, id: shownId(message.id) }) : message
}

/**
 * The id of a message whose sender gave none, but a time and a device: `~.`, the time in base 36, the length of the
 * sender's id, sender and device. Injective; where it would be too long, SHA-256 stands for its parts.
 */
export function derivedId(sender: UserId, sentAt: number, deviceId: string): MessageId {
  const id = `${derivedPrefix}${sentAt.toString(36)}.${sender.length}.${sender}${deviceId}`
  if (id.length * 3 <= maxIdBytes || Buffer.byteLength(id) <= maxIdBytes) return id as MessageId
  // Two dots never come first in the other form.
  return `${derivedPrefix}.${createHash('sha256').update(id).digest('base64url')}` as MessageId
}

function isEscaped(stored: string): boolean {
  return stored.charCodeAt(0) === markCode && escaped.test(stored)
}
