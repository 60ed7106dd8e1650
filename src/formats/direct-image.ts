import { directPrefix } from '../model/direct-conversation-id.js'
import { writeU48 } from './bytes.js'
import { digestBytes } from './conversation-name.js'

/**
 * The image of a direct conversation, in its first message of a generation:
 *
 *     previous position u48 LE | digest of the conversation's id, 21 bytes
 *
 * The digest spares the fold to work the id out again from the pair.
 */
const digestAt = 6
export const directImageBytes = digestAt + digestBytes

/** Writes the image at `at` and returns its end. */
export function writeDirectImage(id: string, previous: number, bytes: Buffer, at: number): number {
  writeU48(bytes, previous, at)
  bytes.write(id.slice(directPrefix.length), at + digestAt, digestBytes, 'base64url')
  return at + directImageBytes
}

export function readDirectId(bytes: Buffer, image: number): string {
  return directPrefix + bytes.toString('base64url', image + digestAt, image + directImageBytes)
}
