/**
 * Keys of the ordered key-value stores: a tag, then numbers big-endian so that their order is the order of the keys.
 * Sequence numbers and positions are kept as their distance from the highest: newest first is then a forward scan.
 *
 *   u name                 → user number            n user                → name
 *   d one other            → conversation           c conversation        → created, users
 *   m conversation seq     → message                i id \0 sender conv.  → seq (led by the id: it grows at its end)
 *   x user position        → inbox row              z                     → last position
 */
const TAGS = {
  user: 'u',
  name: 'n',
  direct: 'd',
  conversation: 'c',
  message: 'm',
  id: 'i',
  inbox: 'x',
  last: 'z',
}

export const HIGHEST_NUMBER = 2 ** 32 - 1
export const HIGHEST_POSITION = 2 ** 48 - 1

const tag = (name: keyof typeof TAGS): number => TAGS[name].charCodeAt(0)

function textKey(first: number, text: string, extra: number): Buffer {
  const length = Buffer.byteLength(text)
  const key = Buffer.allocUnsafe(1 + length + extra)
  key[0] = first
  key.utf8Write(text, 1, length)
  return key
}

function numberKey(first: number, number: number): Buffer {
  const key = Buffer.allocUnsafe(5)
  key[0] = first
  key.writeUInt32BE(number, 1)
  return key
}

function pairKey(first: number, one: number, other: number): Buffer {
  const key = Buffer.allocUnsafe(9)
  key[0] = first
  key.writeUInt32BE(one, 1)
  key.writeUInt32BE(other, 5)
  return key
}

export const userKey = (name: string): Buffer => textKey(tag('user'), name, 0)
export const nameKey = (user: number): Buffer => numberKey(tag('name'), user)
export const directKey = (one: number, other: number): Buffer => pairKey(tag('direct'), one, other)
export const conversationKey = (conversation: number): Buffer => numberKey(tag('conversation'), conversation)
export const messageKey = (conversation: number, seq: number): Buffer =>
  pairKey(tag('message'), conversation, HIGHEST_NUMBER - seq)
export const lastKey = Buffer.from(TAGS.last)

export function idKey(id: string, sender: number, conversation: number): Buffer {
  const key = textKey(tag('id'), id, 9)
  key[key.length - 9] = 0
  key.writeUInt32BE(sender, key.length - 8)
  key.writeUInt32BE(conversation, key.length - 4)
  return key
}

export function inboxKey(user: number, position: number): Buffer {
  const key = Buffer.allocUnsafe(11)
  key[0] = tag('inbox')
  key.writeUInt32BE(user, 1)
  key.writeUIntBE(HIGHEST_POSITION - position, 5, 6)
  return key
}

/** The number in a `name` or `conversation` key. */
export const numberIn = (key: Buffer): number => key.readUInt32BE(1)
export const seqIn = (key: Buffer): number => HIGHEST_NUMBER - key.readUInt32BE(5)
