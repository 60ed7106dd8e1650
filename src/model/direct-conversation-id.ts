import { createHash } from 'node:crypto'
import type { ConversationId } from './ids.js'

/** How the id of every direct conversation begins, and no other may. */
export const directPrefix = 'd.'

/** 168 bits: 28 characters without padding, and no two pairs of the world will meet. */
const digestBytes = 21

/**
 * The id of the direct conversation of two users, the same in either order: `d.` and 168 bits of SHA-256 over the sorted
 * pair, each id with its length in front so that no two pairs give the same bytes. It is public, so that clients can
 * name the conversation before it begins.
 */
export function directConversationId(a: string, b: string): ConversationId {
  const [first, second] = a <= b ? [a, b] : [b, a]
  const digest = createHash('sha256').update(lengthPrefixed(first)).update(lengthPrefixed(second)).digest()
  return (directPrefix + digest.toString('base64url', 0, digestBytes)) as ConversationId
}

/** Four bytes of length, little endian, then the UTF-8 bytes. */
function lengthPrefixed(id: string): Buffer {
  const length = Buffer.byteLength(id)
  const bytes = Buffer.allocUnsafe(4 + length)
  bytes.writeUInt32LE(length)
  bytes.write(id, 4)
  return bytes
}
