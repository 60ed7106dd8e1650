import { ByteWriter } from './bytes.js'
import { directKeyBytes, readDirectKey, writeDirectKey } from './conversation-name.js'

/**
 * Keys of the column families. A key is an ordered, prefix-free tuple:
 *
 *     kind u8 | id, escaped | 0x00 | family u8 | column …
 *     └───────── prefix ─────────┘
 *
 * The prefix names a user (kind 1) or a group (kind 2): all that belongs to this owner, its partition, is one range of
 * one shard. Ids are UTF-8 with 0x00 written as 0x00 0xff, so that an id ends where a 0x00 is followed by anything but
 * 0xff (family tags are far below), `a` never covers `ab` or `a\0`, and the order of keys is the order of the ids'
 * bytes. The last id of a key is written plainly: nothing follows it. Ids of direct conversations are shorter
 * (conversation-name.ts). Numbers are big-endian and 6 bytes wide; positions in the list are inverted, so that the
 * newest comes first.
 */
export const families = {
  /** Direct: in the first user's partition, and the peer in the second's; group: in the group's. */
  head: 0x01,
  /** What a user's list is read from: first the large groups, then the rest by descending position. */
  list: 0x02,
  /** Runs of consecutive messages: where their bodies are. */
  runs: 0x03,
  marks: 0x04,
  /** What changed, one row per generation. */
  changes: 0x05,
  profile: 0x06,
  contact: 0x07,
  /** A user's groups, present and former. */
  membership: 0x08,
  /** A group itself, in its own partition. */
  group: 0x09,
  /** A group's members, present and former, by user. */
  member: 0x0a,
  /** A group's present members in the order of joining. */
  roll: 0x0b,
  /** A user's own messages in a group. */
  own: 0x0c,
  /** A copy of the beginning of a user's list, and the last generations that may have made it old. */
  copy: 0x0d,
} as const

export type Family = keyof typeof families

/** Families stay below it: behind the 0x00 that ends an id it would say that the id goes on. */
const familiesEnd = 0xff

/** Kinds of partitions. */
const userKind = 1
const groupKind = 2

/** Sections of the list family. */
const largeSection = 0
const recentSection = 1

/** Rows of the copy family. */
const copyRows = { touched: 0, marked: 1, list: 2 } as const
export type CopyRow = keyof typeof copyRows
const copyNames = Object.keys(copyRows) as CopyRow[]
export const copyRowCount = copyNames.length

const numberBytes = 6

/** No position is greater. */
export const maxPosition = 2 ** 48 - 1

/**
 * Numbers behind an id stay below this: their first byte is never 0xff, which behind the 0x00 that ends the id would say
 * that the id goes on.
 */
const numbersEnd = 0xff0000000000

const writer = new ByteWriter(4096)

/** The id and the 0x00 that ends it. */
function endedId(to: ByteWriter, id: string): ByteWriter {
  const parts = id.includes('\0') ? id.split('\0') : null
  if (parts === null) return to.text(id).u8(0)
  parts.forEach((part, i) => (i === 0 ? to : to.u8(0).u8(0xff)).text(part))
  return to.u8(0)
}

/** Reads it from `start` on; `end` is the place of the 0x00 that ends it, or the key's end. */
function readEndedId(key: Buffer, start: number): { id: string; end: number } {
  const bytes: number[] = []
  let end = start
  for (; end < key.length; end++) {
    const byte = key[end] as number
    if (byte === 0 && key[end + 1] !== 0xff) break
    bytes.push(byte)
    if (byte === 0) end++
  }
  return { id: Buffer.from(bytes).toString(), end }
}

function prefixOf(kind: number, id: string): Buffer {
  return endedId(writer.reset().u8(kind), id).finish()
}

/** The beginning of all keys of a user's partition; keep it while writing several rows of one user. */
export function userPrefix(user: string): Buffer {
  return prefixOf(userKind, user)
}

/** The beginning of all keys of a group's partition. */
export function groupPrefix(group: string): Buffer {
  return prefixOf(groupKind, group)
}

/** All keys of users' partitions. */
export const userRows = { gte: Buffer.of(userKind), lt: Buffer.of(userKind + 1) }

/** All keys that are none of a shard's own rows (shard-identity.ts), whatever stands in them. */
export const allRows = { gte: Buffer.of(userKind), lt: Buffer.of(familiesEnd) }

/** The range of a whole partition. */
export function partitionRange(prefix: Buffer): { gte: Buffer; lt: Buffer } {
  return { gte: prefix, lt: begin(prefix, familiesEnd).finish() }
}

/** The range of one family of it. */
export function familyRange(prefix: Buffer, family: Family): { gte: Buffer; lt: Buffer } {
  return { gte: begin(prefix, families[family]).finish(), lt: begin(prefix, families[family] + 1).finish() }
}

/** At the end of a key. The keys of one conversation are made together, so it is remembered how the last one is written. */
function lastConversation(to: ByteWriter, id: string): ByteWriter {
  return isDirect(id) ? to.raw(direct.key) : to.text(id)
}

/** The conversation in front of something else. */
function endedConversation(to: ByteWriter, id: string): ByteWriter {
  return isDirect(id) ? to.raw(direct.key) : endedId(to, id)
}

const directWriter = new ByteWriter(64)
const direct = { id: '', is: false, key: Buffer.alloc(directKeyBytes) }

function isDirect(id: string): boolean {
  if (id === direct.id) return direct.is
  direct.id = id
  direct.is = writeDirectKey(directWriter.reset(), id)
  if (direct.is) direct.key.set(directWriter.view())
  return direct.is
}

function begin(prefix: Buffer, family: number): ByteWriter {
  return writer.reset().raw(prefix).u8(family)
}

function keyBuilders(finish: (key: ByteWriter) => Buffer) {
  const alone = (prefix: Buffer, family: Family) => finish(begin(prefix, families[family]))
  const withId = (prefix: Buffer, family: Family, id: string) =>
    finish(begin(prefix, families[family]).text(id))
  const withConversation = (prefix: Buffer, family: Family, id: string) =>
    finish(lastConversation(begin(prefix, families[family]), id))
  const withNumber = (prefix: Buffer, family: Family, number: number) =>
    finish(begin(prefix, families[family]).u48BE(number))
  const withIdAndNumber = (prefix: Buffer, family: Family, id: string, number: number) =>
    finish(endedId(begin(prefix, families[family]), id).u48BE(number))
  return {
    head: (prefix: Buffer, id: string) => withConversation(prefix, 'head', id),
    marks: (prefix: Buffer, id: string) => withConversation(prefix, 'marks', id),
    contact: (prefix: Buffer, other: string) => withId(prefix, 'contact', other),
    membership: (prefix: Buffer, group: string) => withId(prefix, 'membership', group),
    member: (prefix: Buffer, user: string) => withId(prefix, 'member', user),
    profile: (prefix: Buffer) => alone(prefix, 'profile'),
    group: (prefix: Buffer) => alone(prefix, 'group'),
    roll: (prefix: Buffer, ordinal: number) => withNumber(prefix, 'roll', ordinal),
    changes: (prefix: Buffer, cut: number) => withNumber(prefix, 'changes', cut),
    /**
     * By its last message: of a conversation whose head is known the newest run is found by its key, and so is the one before
     * each.
     */
    run: (prefix: Buffer, id: string, lastSeq: number) =>
      finish(endedConversation(begin(prefix, families.runs), id).u48BE(lastSeq)),
    own: (prefix: Buffer, group: string, firstSeq: number) => withIdAndNumber(prefix, 'own', group, firstSeq),
    /** A conversation's place in the list. */
    recent: (prefix: Buffer, position: number, id: string) =>
      finish(
        lastConversation(
          begin(prefix, families.list)
            .u8(recentSection)
            .u48BE(maxPosition - position),
          id,
        ),
      ),
    large: (prefix: Buffer, group: string) =>
      finish(begin(prefix, families.list).u8(largeSection).text(group)),
    copy: (prefix: Buffer, which: CopyRow) => finish(begin(prefix, families.copy).u8(copyRows[which])),
  }
}

export const keys = keyBuilders((key) => key.finish())

/** The same keys in scratch bytes that all of them share: each is valid until the next key is made. */
export const scratchKeys = keyBuilders((key) => key.view())

/** The part of the list strictly below a position. */
export function recentBelow(prefix: Buffer, position: number | undefined): { gte: Buffer; lt: Buffer } {
  const lt = begin(prefix, families.list + 1).finish()
  if (position === undefined) return { gte: begin(prefix, families.list).finish(), lt }
  if (position === 0) return { gte: lt, lt }
  const gte = begin(prefix, families.list)
    .u8(recentSection)
    .u48BE(maxPosition - position + 1)
    .finish()
  return { gte, lt }
}

/** The large groups, and the part of the list strictly above a position. */
export function recentAbove(prefix: Buffer, position: number): { gte: Buffer; lt: Buffer } {
  const lt = begin(prefix, families.list)
    .u8(recentSection)
    .u48BE(maxPosition - position)
    .finish()
  return { gte: begin(prefix, families.list).finish(), lt }
}

/** Which row a key of the copy family is of; undefined if none. */
export function readCopyKey(key: Buffer, prefixLength: number): CopyRow | undefined {
  return copyNames.find((name) => copyRows[name] === key[prefixLength + 1])
}

/** Reads a key of the list family. */
export function readListKey(
  key: Buffer,
  prefixLength: number,
): { large: boolean; position: number; conversation: string } {
  const at = prefixLength + 1
  if (key[at] === largeSection)
    return { large: true, position: 0, conversation: key.utf8Slice(at + 1, key.length) }
  return {
    large: false,
    position: maxPosition - key.readUIntBE(at + 1, numberBytes),
    conversation: readDirectKey(key, at + 1 + numberBytes) ?? key.utf8Slice(at + 1 + numberBytes, key.length),
  }
}

/** The id at the end of a key of the families contact, membership, member, head and marks. */
export function readIdKey(key: Buffer, prefixLength: number): string {
  return readDirectKey(key, prefixLength + 1) ?? key.utf8Slice(prefixLength + 1, key.length)
}

/** The number at the end of a key of the families runs, own, changes and roll. */
export function readNumberKey(key: Buffer): number {
  return key.readUIntBE(key.length - numberBytes, numberBytes)
}

/** The id and the number of a key of the families runs and own. */
export function readNumberedKey(key: Buffer, prefixLength: number): { id: string; number: number } {
  const conversationId = readDirectKey(key, prefixLength + 1)
  if (conversationId !== null) return { id: conversationId, number: readNumberKey(key) }
  const { id } = readEndedId(key.subarray(0, key.length - numberBytes), prefixLength + 1)
  return { id, number: readNumberKey(key) }
}

const rangeKeys = { runs: 'run', own: 'own' } as const

/** Runs of one conversation that end at or after `from` and below `to`, or rows of own messages that begin there. */
export function numberedRange(
  prefix: Buffer,
  family: 'runs' | 'own',
  conversation: string,
  from: number,
  to: number = numbersEnd - 1,
): { gte: Buffer; lt: Buffer } {
  return {
    gte: keys[rangeKeys[family]](prefix, conversation, from),
    lt: keys[rangeKeys[family]](prefix, conversation, to),
  }
}

/** What a key is, for messages about damage and for `verify`. Null if it is none of ours. */
export function describeKey(
  key: Buffer,
): { kind: 'user' | 'group'; owner: string; prefixLength: number; family: Family } | null {
  const kind = key[0] === userKind ? 'user' : key[0] === groupKind ? 'group' : null
  if (kind === null) return null
  const { id, end } = readEndedId(key, 1)
  const tag = key[end + 1]
  const family = (Object.keys(families) as Family[]).find((name) => families[name] === tag)
  return family === undefined ? null : { kind, owner: id, prefixLength: end + 1, family }
}
