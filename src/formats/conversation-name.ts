import { directPrefix } from '../model/direct-conversation-id.js'
import type { ByteReader, ByteWriter } from './bytes.js'

/**
 * The id of a conversation (or of a user) within a value: its length as a varint and UTF-8. Most are ids of direct
 * conversations, which are digests written as text: these stand as 0 and their 21 bytes, for no id has no length.
 */
const digestBytes = 21
const directId = /^d\.[A-Za-z0-9_-]{28}$/

export function writeName(to: ByteWriter, name: string): void {
  if (directId.test(name)) to.u8(0).base64(name.slice(directPrefix.length), digestBytes)
  else to.string(name)
}

export function readName(from: ByteReader): string {
  if (from.bytes[from.at] !== 0 || from.left === 0) return from.string()
  from.skip(1)
  return directPrefix + from.raw(digestBytes).toString('base64url')
}
