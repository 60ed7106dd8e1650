import { directPrefix } from '../model/direct-conversation-id.js'
import type { ByteReader, ByteWriter } from './bytes.js'

/**
 * Ids of direct conversations are digests written as text, `d.` and 28 characters. They are most of all ids that are stored,
 * so they stand as the 21 bytes that the text is for.
 */
export const digestBytes = 21
const directId = /^d\.[A-Za-z0-9_-]{28}$/

export function isDirectId(id: string): boolean {
  return directId.test(id)
}

export function writeDigest(to: ByteWriter, id: string): ByteWriter {
  return to.base64(id.slice(directPrefix.length), digestBytes)
}

/** The id of a direct conversation whose digest is at `at`. */
export function readDigest(bytes: Buffer, at: number): string {
  return directPrefix + bytes.toString('base64url', at, at + digestBytes)
}

/** Puts the digest of a direct conversation's id at `at` and returns its end. */
export function putDigest(id: string, bytes: Buffer, at: number): number {
  bytes.base64urlWrite(id.slice(directPrefix.length), at, digestBytes)
  return at + digestBytes
}

/** In a value, an id of any kind: its length as a varint and UTF-8; of a direct conversation 0, for no id has no length. */
export function writeName(to: ByteWriter, name: string): void {
  if (directId.test(name)) writeDigest(to.u8(0), name)
  else to.string(name)
}

export function readName(from: ByteReader): string {
  if (from.left === 0 || from.bytes[from.at] !== 0) return from.string()
  from.skip(1)
  return readDigest(from.raw(digestBytes), 0)
}

/** In a key, behind this byte, with which no UTF-8 begins. Its length is known, so nothing has to end it. */
const mark = 0xfe
export const directKeyBytes = 1 + digestBytes

/** Writes the id if it is one of a direct conversation. */
export function writeDirectKey(to: ByteWriter, id: string): boolean {
  if (!directId.test(id)) return false
  writeDigest(to.u8(mark), id)
  return true
}

/** The id of the direct conversation that stands at `at`; null if something else does. */
export function readDirectKey(key: Buffer, at: number): string | null {
  return key[at] === mark ? readDigest(key, at + 1) : null
}
