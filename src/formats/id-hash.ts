import { idInBody } from '../model/message-ids.js'
import { bodyIdAt, endOfId } from './message-body.js'

/**
 * 32 bits of an idempotency key (sender, client's message id), kept for every message ever stored: a conversation's
 * hashes tell a fresh key from a repeat without reading a message, and a match is always compared with the message
 * itself. FNV-1a over the UTF-16 units with the murmur3 finaliser, seeded with a secret of the store, so that nobody
 * can choose ids that meet. The value is part of the format of runs.
 */
export function idHash(seed: number, sender: string, id: string): number {
  return finish(hashUnits(idHashOfSender(seed, sender), idInBody(id)))
}

/** What a store seeds its hashes with: part of its secret. */
export function hashSeedOf(ringSecret: Uint8Array): number {
  return Buffer.from(ringSecret).readUInt32LE(12)
}

/** The part of a hash that all messages of a sender share. */
export function idHashOfSender(seed: number, sender: string): number {
  return Math.imul(hashUnits(seed | 0, sender) ^ 0x10000, 0x01000193)
}

/** The hash of the message whose body begins at `start` and ends by `end`. */
export function idHashOfBody(ofSender: number, bytes: Buffer, start: number, end: number): number {
  const id = start + bodyIdAt
  return idHashOfBytes(ofSender, bytes, id + 1, endOfId(bytes, id, end))
}

/** Of an id that stands in UTF-8 from `start` to `end`. No string is made of one that is ASCII. */
function idHashOfBytes(ofSender: number, bytes: Buffer, start: number, end: number): number {
  let hash = ofSender
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if (byte > 0x7f) return finish(hashUnits(ofSender, bytes.utf8Slice(start, end)))
    hash = Math.imul(hash ^ byte, 0x01000193)
  }
  return finish(hash)
}

function hashUnits(from: number, text: string): number {
  let hash = from
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash
}

function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
