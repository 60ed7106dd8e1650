import { ByteReader, ByteWriter, badBytes } from './bytes.js'
import { readName, writeName } from './conversation-name.js'

/**
 * What changed in one partition during one generation: pointers in ascending order of position, with conversations and
 * users named once in a table.
 *
 *     number of names, names (conversation-name.ts) | per entry: position delta, kind u8, name index, second name index or seq
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
  #position = 0
  /** Of the last message; no message has the seq 0. */
  #conversation = ''
  #seq = 0

  message(position: number, conversation: string, seq: number): void {
    if (seq === this.#seq + 1 && conversation === this.#conversation && this.#seq > 0) {
      this.#begin(position, kindNumbers.next)
    } else {
      this.#begin(position, kindNumbers.message).varint(this.#name(conversation)).varint(seq)
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
    for (const name of this.#names.keys()) writeName(this.#out, name)
    this.#out.raw(this.#entries.view())
    this.#names.clear()
    this.#entries.reset()
    this.#position = 0
    this.#seq = 0
    return this.#out.view()
  }

  #begin(position: number, kind: number): ByteWriter {
    this.#entries.varint(position - this.#position).u8(kind)
    this.#position = position
    return this.#entries
  }

  #name(name: string): number {
    let index = this.#names.get(name)
    if (index === undefined) this.#names.set(name, (index = this.#names.size))
    return index
  }
}

const writer = new ChangeListWriter()

/** A list by itself. */
export function encodeChanges(changes: readonly StoredChange[]): Buffer {
  for (const change of changes) writer.add(change)
  return Buffer.from(writer.finish())
}

export function decodeChanges(bytes: Buffer): StoredChange[] {
  const r = new ByteReader(bytes)
  const names: string[] = []
  for (let i = r.varint(); i > 0; i--) names.push(readName(r))
  const name = (): string => {
    const found = names[r.varint()]
    if (found === undefined) throw badBytes('a list of changes names nobody')
    return found
  }
  const changes: StoredChange[] = []
  let position = 0
  let message: (StoredChange & { kind: 'message' }) | undefined
  while (r.left > 0) {
    position += r.varint()
    const kind = kinds[r.u8()]
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
      case undefined:
        throw badBytes('a list of changes has an unknown kind')
    }
  }
  return changes
}
