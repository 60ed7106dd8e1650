import { writeU48 } from './bytes.js'
import { digestBytes, putDigest } from './conversation-name.js'

/**
 * The image of a direct conversation, in its first message of a generation:
 *
 *     previous position u48 LE | digest of the conversation's id, 21 bytes
 *
 * The digest spares the fold to work the id out again from the pair.
 */
export const imageDigestAt = 6
export const directImageBytes = imageDigestAt + digestBytes

/** Writes the image at `at` and returns its end. */
export function writeDirectImage(id: string, previous: number, bytes: Buffer, at: number): number {
  writeU48(bytes, previous, at)
  return putDigest(id, bytes, at + imageDigestAt)
}
