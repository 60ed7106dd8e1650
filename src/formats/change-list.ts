import { directConversationId } from '../model/direct-conversation-id.js'
import { ByteReader, ByteWriter, badBytes } from './bytes.js'
import { digestBytes, isDirectId, readDigest, writeDigest } from './conversation-name.js'

/**
 * What changed in one partition during one generation: pointers in ascending order of position, with conversations and
 * users named once in a table.
 *
 *     number of names, names | per entry: 8 times the position delta and the kind, name index, second name index or seq
 *
 * A name is twice its length and its UTF-8. One more than twice: it is the direct conversation with this one, which takes
 * fewer bytes than its id mostly. 0: it is the direct conversation with the id whose digest follows.
 *
 * Of a burst only the first message says where it is: kind `next` is the message with the next seq in the conversation of
 * the last one, and says nothing else.
 */
export type StoredChange = { readonly position: number } & (
  | { readonly kind: 'message'; readonly conversation: string; readonly seq: number }
  | { readonly kind: 'read' | 'delivered' | 'member'; readonly conversation: string; readonly user: string }
  | { readonly kind: 'conversation'; readonly conversation: string }
  | { readonly kind: 'contact'; readonly user: string }
  | { readonly kind: 'profile' }
)

/** How many there are is the factor in front of a position delta, and so part of the format. */
const kinds = [
  'message',
  'read',
  'delivered',
  'member',
  'conversation',
  'contact',
  'profile',
  'next',
] as const

const kindNumbers = Object.fromEntries(kinds.map((kind, number) => [kind, number])) as Record<
  (typeof kinds)[number],
  number
>

/** Writes one list after the other, each in ascending order of position. */
export class ChangeListWriter {
  readonly #out = new ByteWriter(4096)
  readonly #table = new ByteWriter(4096)
  readonly #entries = new ByteWriter(4096)
  readonly #names = new Map<string, number>()
  #position = 0
  /** Of the last message; no message has the seq 0. */
  #conversation = ''
  #seq = 0

  /** `peer`: whom the owner of the list has a direct conversation with. */
  message(position: number, conversation: string, seq: number, peer: string | null = null): void {
    if (seq === this.#seq + 1 && conversation === this.#conversation && this.#seq > 0) {
      this.#begin(position, kindNumbers.next)
    } else {
      this.#begin(position, kindNumbers.message).varint(this.#name(conversation, peer)).varint(seq)
      this.#conversation = conversation
    }
    this.#seq = seq
  }

  add(change: StoredChange): void {
    if (change.kind === 'message') {
      this.message(change.position, change.conversation, change.seq)
      return
    }
    const entry = this.#begin(change.position, kindNumbers[change.kind])
    if ('conversation' in change) entry.varint(this.#name(change.conversation))
    if ('user' in change) entry.varint(this.#name(change.user))
  }

  /** The list, in place: valid until the writer is used again. The next list begins empty. */
  finish(): Buffer {
    this.#out.reset().varint(this.#names.size).raw(this.#table.view()).raw(this.#entries.view())
    this.#names.clear()
    this.#table.reset()
    this.#entries.reset()
    this.#position = 0
    this.#seq = 0
    return this.#out.view()
  }

  #begin(position: number, kind: number): ByteWriter {
    this.#entries.varint((position - this.#position) * kinds.length + kind)
    this.#position = position
    return this.#entries
  }

  /** `peer`: whom the direct conversation of that name is with, if it may be told by that. */
  #name(name: string, peer: string | null = null): number {
    let index = this.#names.get(name)
    if (index === undefined) {
      this.#names.set(name, (index = this.#names.size))
      writeName(this.#table, name, peer)
    }
    return index
  }
}

function writeName(to: ByteWriter, name: string, peer: string | null): void {
  const peerBytes = peer === null ? Infinity : Buffer.byteLength(peer)
  if (peer !== null && peerBytes <= digestBytes) to.varint(2 * peerBytes + 1).text(peer)
  else if (isDirectId(name)) writeDigest(to.u8(0), name)
  else to.varint(2 * Buffer.byteLength(name)).text(name)
}

/** The names of a list by their numbers. What has to be worked out is, when somebody asks. */
function readNames(from: ByteReader, owner: string | null): (number: number) => string {
  const names: (string | undefined)[] = []
  /** Of names that are not there yet: whom the direct conversation is with. */
  const peers: string[] = []
  for (let left = from.varint(); left > 0; left--) {
    const length = from.varint()
    if (length === 0) names.push(readDigest(from.raw(digestBytes), 0))
    else if ((length & 1) === 0) names.push(from.text(length >>> 1))
    else peers[names.push(undefined) - 1] = from.text(length >>> 1)
  }
  return (number) => {
    const known = names[number]
    if (known !== undefined) return known
    const peer = peers[number]
    if (peer === undefined) throw badBytes('a list of changes names nobody')
    if (owner === null) throw badBytes('a list of changes names a peer of nobody')
    return (names[number] = directConversationId(owner, peer))
  }
}

const writer = new ChangeListWriter()

/** A list by itself. */
export function encodeChanges(changes: readonly StoredChange[]): Buffer {
  for (const change of changes) writer.add(change)
  return Buffer.from(writer.finish())
}

/** `owner`: the user whose list it is; null for a group's. */
export function decodeChanges(bytes: Buffer, owner: string | null): StoredChange[] {
  return [...changesIn(bytes, owner)]
}

/**
 * The same one by one, those above a position: a list may be as long as a generation, and who reads it by pages takes a few of it
 * each time.
 */
export function* changesIn(bytes: Buffer, owner: string | null, after = -1): Generator<StoredChange, void> {
  const r = new ByteReader(bytes)
  const name = readNames(r, owner)
  let position = 0
  /** Of the last message: the number of its conversation, and its seq. */
  let last = -1
  let seq = 0
  while (r.left > 0) {
    const number = r.varint()
    position += Math.floor(number / kinds.length)
    const kind = kinds[number % kinds.length] as (typeof kinds)[number]
    const isWanted = position > after
    switch (kind) {
      case 'message':
        last = r.varint()
        seq = r.varint()
        if (isWanted) yield { position, kind, conversation: name(last), seq }
        break
      case 'next':
        if (last < 0) throw badBytes('a list of changes goes on with no message')
        seq++
        if (isWanted) yield { position, kind: 'message', conversation: name(last), seq }
        break
      case 'read':
      case 'delivered':
      case 'member': {
        const conversation = r.varint()
        const user = r.varint()
        if (isWanted) yield { position, kind, conversation: name(conversation), user: name(user) }
        break
      }
      case 'conversation': {
        const conversation = r.varint()
        if (isWanted) yield { position, kind, conversation: name(conversation) }
        break
      }
      case 'contact': {
        const user = r.varint()
        if (isWanted) yield { position, kind, user: name(user) }
        break
      }
      case 'profile':
        if (isWanted) yield { position, kind }
        break
    }
  }
}
