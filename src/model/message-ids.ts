import { createHash } from 'node:crypto'
import type { MessageId, UserId } from './ids.js'
import type { Message } from './message.js'

/**
 * Ids that are derived from sender, time and device live among the ids that clients give, and must never meet one.
 * Stored ids that begin with the mark are therefore derived ones, unless a second mark follows: then the first one was
 * put in front of a given id that begins with the mark itself. Readers get given ids exactly as they were given.
 */
const mark = '~'
const markCode = mark.charCodeAt(0)

/** Beyond this many bytes a derived id carries a digest in place of its parts. */
const maxDerivedBytes = 256

/** The id under which a message with a given id is stored. */
export function storedId(given: string): MessageId {
  return (given.charCodeAt(0) === markCode ? mark + given : given) as MessageId
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
 * The id of a message whose sender gave none, but a time and a device: `~`, the time in base 36, the length of the
 * sender's id, sender and device. Injective; where it would be too long, SHA-256 stands for its parts.
 */
export function derivedId(sender: UserId, sentAt: number, deviceId: string): MessageId {
  const parts = `${sentAt.toString(36)}.${sender.length}.${sender}${deviceId}`
  if (parts.length * 3 < maxDerivedBytes || Buffer.byteLength(parts) < maxDerivedBytes) {
    return (mark + parts) as MessageId
  }
  // A dot never comes first in the other form.
  return `${mark}.${createHash('sha256').update(parts).digest('base64url')}` as MessageId
}

function isEscaped(stored: string): boolean {
  return stored.charCodeAt(0) === markCode && stored.charCodeAt(1) === markCode
}
