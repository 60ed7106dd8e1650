import { hash } from 'node:crypto'
import type { ConversationId } from './ids.js'

/** How the id of every direct conversation begins, and no other may. */
export const directPrefix = 'd.'

/** 168 bits: 28 characters without padding, and no two pairs of the world will meet. */
const digestChars = 28

/**
 * The id of the direct conversation of two users, the same in either order: `d.` and 168 bits of SHA-256 over the sorted
 * pair, each id with its length in front so that no two pairs give the same bytes.
 */
export function directConversationId(a: string, b: string): ConversationId {
  const [first, second] = a <= b ? [a, b] : [b, a]
  return (directPrefix +
    hash('sha256', pairBytes(first, second), 'base64url').slice(0, digestChars)) as ConversationId
}

/** Each id behind four bytes of its length, little endian. */
function pairBytes(first: string, second: string): Buffer {
  const length = Buffer.byteLength(first)
  const bytes = Buffer.allocUnsafe(8 + length + Buffer.byteLength(second))
  bytes.writeUInt32LE(length)
  bytes.write(first, 4)
  bytes.writeUInt32LE(bytes.length - 8 - length, 4 + length)
  bytes.write(second, 8 + length)
  return bytes
}
