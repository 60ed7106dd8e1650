import type { Send } from '../../workload/send.js'
import { BoundedMap } from '../bounded-map.js'
import { type Answer, type ConversationRow, type MessageView, PAGE_LENGTH } from '../contestant.js'
import { type ConversationState, type Newest, peerOf, type Seat, unread } from '../conversation-state.js'
import type { Original, StoredConversation, Tables } from '../tables.js'
import {
  conversationKey,
  directKey,
  HIGHEST_NUMBER,
  HIGHEST_POSITION,
  idKey,
  inboxKey,
  lastKey,
  messageKey,
  nameKey,
  seqIn,
  userKey,
} from './keys.js'
import {
  decodeInbox,
  decodeMessage,
  decodeNumbers,
  encodeInbox,
  encodeMessage,
  encodeNumbers,
  INBOX_HEADER,
  type InboxRow,
  positionOf,
  senderOf,
  textOf,
} from './values.js'

export interface Entry {
  readonly key: Buffer
  readonly value: Buffer
}

/** What the store gave out last, read when it is opened. */
export interface Counters {
  user: number
  conversation: number
  position: number
}

const NAMES_KEPT = 200_000

/** The chat tables over ordered keys, for LMDB and LevelDB. Rows are written to a batch that `commit` makes durable. */
export abstract class KeyValueTables implements Tables {
  readonly #counters: Counters
  readonly #names = new BoundedMap<number, string>(NAMES_KEPT)
  /** What this group has added, which the database does not show yet. */
  readonly #originals = new Map<string, Original>()
  protected readonly newest = new Map<number, Buffer>()

  constructor(counters: Counters) {
    this.#counters = counters
  }

  protected abstract get(key: Buffer): Buffer | undefined
  protected abstract put(key: Buffer, value: Buffer): void
  protected abstract delete(key: Buffer): void
  protected abstract write(): Promise<void>
  /** Up to `limit` rows from `from` to `to`, both inclusive. */
  protected abstract scan(from: Buffer, to: Buffer, limit: number): Answer<readonly Entry[]>
  protected abstract headOf(conversation: number): Omit<StoredConversation, 'users'> | undefined
  /** The bytes of a conversation's newest message if list rows carry it, null if lists look it up. */
  protected abstract carried(conversation: number): Buffer | null
  /** Looks the newest message of a list row up where the row does not carry it. */
  protected abstract messageOf(row: InboxRow, bytes: Buffer): MessageView | null
  abstract countOwn(key: number, sender: number, after: number, upTo: number): number
  abstract settle(): Answer<void>
  abstract checkpoint(): Answer<void>
  abstract close(): Answer<void>

  findUser(name: string): number | undefined {
    return this.get(userKey(name))?.readUInt32BE(0)
  }

  addUser(name: string): number {
    const user = ++this.#counters.user
    const value = Buffer.allocUnsafe(4)
    value.writeUInt32BE(user)
    this.put(userKey(name), value)
    this.put(nameKey(user), Buffer.from(name))
    this.#names.set(user, name)
    return user
  }

  readonly nameOf = (user: number): string => {
    let name = this.#names.get(user)
    if (name === undefined) {
      this.#names.trim()
      name = this.get(nameKey(user))?.toString() ?? ''
      this.#names.set(user, name)
    }
    return name
  }

  findDirect(one: number, other: number): number | undefined {
    return this.get(directKey(one, other))?.readUInt32BE(0)
  }

  addDirect(one: number, other: number): number {
    const key = this.addGroup([one, other], 0)
    const value = Buffer.allocUnsafe(4)
    value.writeUInt32BE(key)
    this.put(directKey(one, other), value)
    return key
  }

  addGroup(users: readonly number[], position: number): number {
    const key = ++this.#counters.conversation
    this.put(conversationKey(key), encodeNumbers([position, ...users]))
    return key
  }

  loadConversation(key: number): StoredConversation {
    const row = this.get(conversationKey(key))
    const [created = 0, ...users] = row === undefined ? [] : decodeNumbers(row)
    return { users, ...(this.headOf(key) ?? { head: 0, position: created }) }
  }

  loadSeat(user: number, position: number): Omit<Seat, 'user'> {
    const row = this.get(inboxKey(user, position))
    return row === undefined ? { own: 0, readSeq: 0, readOwn: 0 } : decodeInbox(row).seat
  }

  addMessage(
    key: number,
    seq: number,
    position: number,
    sender: number,
    timestamp: number,
    send: Send,
  ): Original | undefined {
    const stored = idKey(send.id, sender, key)
    const groupKey = `${key}/${sender}/${send.id}`
    const twin = this.#originals.get(groupKey)
    if (twin !== undefined) return twin
    const known = this.get(stored)
    if (known !== undefined) {
      const original = known.readUInt32BE(0)
      return { seq: original, text: textOf(this.get(messageKey(key, original))!) }
    }
    const message = encodeMessage(position, sender, timestamp, send)
    const value = Buffer.allocUnsafe(4)
    value.writeUInt32BE(seq)
    this.put(messageKey(key, seq), message)
    this.put(stored, value)
    this.#originals.set(groupKey, { seq, text: send.text })
    this.newest.set(key, message)
    this.#counters.position = position
    return undefined
  }

  addSeat(state: ConversationState, seat: Seat, _newest: Newest | null): void {
    const row = { conversation: state.key, peer: peerOf(state, seat), head: state.head, seat }
    this.put(inboxKey(seat.user, state.position), encodeInbox(row, this.carried(state.key)))
  }

  moveSeat(state: ConversationState, seat: Seat, newest: Newest): void {
    this.delete(inboxKey(seat.user, state.listedAt))
    this.addSeat(state, seat, newest)
  }

  markSeat(state: ConversationState, seat: Seat): void {
    const key = inboxKey(seat.user, state.position)
    const row = this.get(key)
    const carried =
      row === undefined || row.length === INBOX_HEADER ? null : Buffer.from(row.subarray(INBOX_HEADER))
    const header = { conversation: state.key, peer: peerOf(state, seat), head: state.head, seat }
    this.put(key, encodeInbox(header, carried))
  }

  list(user: number): Answer<ConversationRow[]> {
    const rows = this.scan(inboxKey(user, HIGHEST_POSITION), inboxKey(user, 0), 20)
    if (rows instanceof Promise) return rows.then((entries) => this.#listOf(entries))
    return this.#listOf(rows)
  }

  page(key: number, before: number): Answer<MessageView[]> {
    const from = messageKey(key, Math.min(before, HIGHEST_NUMBER) - 1)
    const rows = this.scan(from, messageKey(key, 0), PAGE_LENGTH)
    if (rows instanceof Promise) return rows.then((entries) => this.#pageOf(entries))
    return this.#pageOf(rows)
  }

  lastPosition(): number {
    return this.#counters.position
  }

  begin(): void {
    this.#originals.clear()
    this.newest.clear()
  }

  commit(): Promise<void> {
    this.put(lastKey, encodeNumbers([this.#counters.position]))
    return this.write()
  }

  rollback(): void {
    this.begin()
    this.#names.clear()
  }

  #listOf(entries: readonly Entry[]): ConversationRow[] {
    return entries.map(({ value }) => {
      const row = decodeInbox(value)
      return {
        id: String(row.conversation),
        peer: row.peer === 0 ? undefined : this.nameOf(row.peer),
        headSeq: row.head,
        readSeq: row.seat.readSeq,
        unread: unread(row.head, row.seat),
        lastMessage: row.head === 0 ? null : this.messageOf(row, value),
      }
    })
  }

  #pageOf(entries: readonly Entry[]): MessageView[] {
    return entries.map(({ key, value }) => decodeMessage(value, seqIn(key), this.nameOf))
  }
}

/** The newest message in a row that carries it. */
export function carriedMessage(
  row: InboxRow,
  bytes: Buffer,
  nameOf: (user: number) => string,
): MessageView | null {
  return bytes.length === INBOX_HEADER ? null : decodeMessage(bytes, row.head, nameOf, INBOX_HEADER)
}

/** Counts one sender's messages among stored rows. */
export function countSender(entries: Iterable<Entry>, sender: number): number {
  let count = 0
  for (const { value } of entries) if (senderOf(value) === sender) count++
  return count
}

export { positionOf, seqIn }
