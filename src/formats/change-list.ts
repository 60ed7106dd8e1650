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
  readonly #entries = new ByteWriter(4096)
  readonly #names = new Map<string, number>()
  /** Of each name: whom the direct conversation is with, if it may be told by that. */
  readonly #peers: (string | null)[] = []
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
    this.#out.reset().varint(this.#names.size)
    let index = 0
    for (const name of this.#names.keys()) writeName(this.#out, name, this.#peers[index++] ?? null)
    this.#out.raw(this.#entries.view())
    this.#names.clear()
    this.#peers.length = 0
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

  #name(name: string, peer: string | null = null): number {
    let index = this.#names.get(name)
    if (index === undefined) {
      this.#names.set(name, (index = this.#names.size))
      this.#peers.push(peer)
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

function readName(from: ByteReader, owner: string | null): string {
  const length = from.varint()
  if (length === 0) return readDigest(from.raw(digestBytes), 0)
  const name = from.text(length >>> 1)
  if ((length & 1) === 0) return name
  if (owner === null) throw badBytes('a list of changes names a peer of nobody')
  return directConversationId(owner, name)
}

const writer = new ChangeListWriter()

/** A list by itself. */
export function encodeChanges(changes: readonly StoredChange[]): Buffer {
  for (const change of changes) writer.add(change)
  return Buffer.from(writer.finish())
}

/** `owner`: the user whose list it is; null for a group's. */
export function decodeChanges(bytes: Buffer, owner: string | null): StoredChange[] {
  const r = new ByteReader(bytes)
  const names: string[] = []
  for (let i = r.varint(); i > 0; i--) names.push(readName(r, owner))
  const name = (): string => {
    const found = names[r.varint()]
    if (found === undefined) throw badBytes('a list of changes names nobody')
    return found
  }
  const changes: StoredChange[] = []
  let position = 0
  let message: (StoredChange & { kind: 'message' }) | undefined
  while (r.left > 0) {
    const number = r.varint()
    position += Math.floor(number / kinds.length)
    const kind = kinds[number % kinds.length] as (typeof kinds)[number]
    switch (kind) {
      case 'message':
        message = { position, kind, conversation: name(), seq: r.varint() }
        changes.push(message)
        break
      case 'next':
        if (message === undefined) throw badBytes('a list of changes goes on with no message')
        message = { ...message, position, seq: message.seq + 1 }
        changes.push(message)
        break
      case 'read':
      case 'delivered':
      case 'member':
        changes.push({ position, kind, conversation: name(), user: name() })
        break
      case 'conversation':
        changes.push({ position, kind, conversation: name() })
        break
      case 'contact':
        changes.push({ position, kind, user: name() })
        break
      case 'profile':
        changes.push({ position, kind })
        break
    }
  }
  return changes
}
