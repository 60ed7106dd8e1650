import { directPrefix } from '../model/direct-conversation-id.js'

/**
 * The image of a direct conversation, in its first message of a generation:
 *
 *     previous position u48 LE | digest of the conversation's id, 21 bytes
 *
 * The digest spares the fold to work the id out again from the pair.
 */
const digestBytes = 21
const digestAt = 6
export const directImageBytes = digestAt + digestBytes

export function writeDirectDigest(id: string, bytes: Buffer, at: number): void {
  bytes.write(id.slice(directPrefix.length), at, digestBytes, 'base64url')
}

export function readDirectId(bytes: Buffer, image: number): string {
  return directPrefix + bytes.toString('base64url', image + digestAt, image + directImageBytes)
}
