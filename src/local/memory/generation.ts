import type { ChangeRef } from '../../backend/port.js'
import type { Marks } from '../../model/conversation.js'
import type { ConversationId, UserId } from '../../model/ids.js'
import type { ContactEntry, UserEntry as StoredUser } from '../../model/user.js'
import { compareUtf8 } from '../../model/utf8-order.js'
import type { MembershipRow } from '../../formats/record-parts.js'
import { firstIndexWhere } from '../first-index-where.js'
import type { Touched } from './entries.js'
import { MessageIndex, type RecordChunks } from './message-index.js'

/** The part of a log chunk that memory needs: bytes that stay as they are until the last holder lets go. */
export interface HeldChunk {
  readonly bytes: Buffer
  retain(): void
  release(): void
}

export interface HeldRange {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  readonly firstPosition: number
  readonly count: number
}

const nothing: ReadonlyMap<never, never> = new Map<never, never>()

/** What a user did in a live generation besides writing messages. */
export class TouchedOwn {
  /** Marks in groups: those of a direct conversation stand with it. */
  #marks: Map<ConversationId, Marks> | null = null
  /** All of these are made when they are needed. */
  #contacts: Map<UserId, ContactEntry> | null = null
  /** Their ids: in order, up to those that came since somebody last read them in order. */
  #contactIds: UserId[] | null = null
  #contactsInOrder = 0
  #memberships: Map<ConversationId, MembershipRow> | null = null
  /** Changes that are no messages. */
  readonly refs: ChangeRef[] = []
  profile: StoredUser | null = null

  get marks(): ReadonlyMap<ConversationId, Marks> {
    return this.#marks ?? nothing
  }

  get contacts(): ReadonlyMap<UserId, ContactEntry> {
    return this.#contacts ?? nothing
  }

  get memberships(): ReadonlyMap<ConversationId, MembershipRow> {
    return this.#memberships ?? nothing
  }

  putMarks(group: ConversationId, marks: Marks): void {
    this.#marks ??= new Map()
    this.#marks.set(group, marks)
  }

  putContact(contact: ContactEntry): void {
    this.#contacts ??= new Map()
    if (!this.#contacts.has(contact.contactId)) this.#contactIds?.push(contact.contactId)
    this.#contacts.set(contact.contactId, contact)
  }

  /** Up to `limit` of them in the order of their ids (by UTF-8 bytes), those above `after` if it is given. */
  contactsAfter(after: UserId | undefined, limit: number): readonly ContactEntry[] {
    const contacts = this.#contacts
    if (contacts === null) return []
    const ids = (this.#contactIds ??= [...contacts.keys()])
    // What is in order already costs one comparison each.
    if (this.#contactsInOrder < ids.length) ids.sort(compareUtf8)
    this.#contactsInOrder = ids.length
    const isAbove = (at: number): boolean => after === undefined || compareUtf8(ids[at] as UserId, after) > 0
    const from = firstIndexWhere(ids.length, isAbove)
    return ids.slice(from, from + limit).map((id) => contacts.get(id) as ContactEntry)
  }

  putMembership(group: ConversationId, membership: MembershipRow): void {
    this.#memberships ??= new Map()
    this.#memberships.set(group, membership)
  }
}

/** What a live generation knows of one user. */
export class TouchedUser {
  /** Most have one conversation; an array is made for the second. */
  #conversations: Touched | Touched[] | null = null
  #own: TouchedOwn | null = null

  /** Direct conversations and small groups with activity, each once. */
  get conversations(): readonly Touched[] {
    const touched = this.#conversations
    if (touched === null) return []
    return Array.isArray(touched) ? touched : [touched]
  }

  addConversation(touched: Touched): void {
    const before = this.#conversations
    if (before === null) this.#conversations = touched
    else if (Array.isArray(before)) before.push(touched)
    else this.#conversations = [before, touched]
  }

  /** Adds a conversation that may be there already. */
  addOnce(touched: Touched): void {
    if (!this.conversations.includes(touched)) this.addConversation(touched)
  }

  get own(): TouchedOwn | null {
    return this.#own
  }

  makeOwn(): TouchedOwn {
    return (this.#own ??= new TouchedOwn())
  }
}

/**
 * A closed range of the log as far as it is not in the shards yet (or a reader still holds it): the bytes themselves and an
 * index of what they touch. Frozen by a cut record, flushed, then dropped when the last reader has released it.
 */
export class Generation implements RecordChunks {
  readonly number: number
  readonly conversations: Touched[] = []
  readonly users = new Map<UserId, TouchedUser>()
  readonly messages = new MessageIndex()
  readonly ranges: HeldRange[] = []
  readonly #chunks: HeldChunk[] = []
  readonly #onDrop: (generation: Generation) => void
  #holds = 1
  bytes = 0
  /** The position of the last record; the cut itself once it is frozen. */
  last: number
  flushed = false

  /** The position before its first record. */
  after: number

  constructor(number: number, after: number, onDrop: (generation: Generation) => void) {
    this.number = number
    this.after = after
    this.last = after
    this.#onDrop = onDrop
  }

  /** Moves the beginning of the very first generation to where the recovered log ends. */
  restart(after: number): void {
    this.after = this.last = after
  }

  get chunkCount(): number {
    return this.#chunks.length
  }

  chunkBytes(index: number): Buffer {
    return (this.#chunks[index] as HeldChunk).bytes
  }

  /** Makes the chunk that the next records lie in the current one. */
  useChunk(chunk: HeldChunk): void {
    if (this.#chunks.at(-1) === chunk) return
    chunk.retain()
    this.#chunks.push(chunk)
  }

  addRange(range: HeldRange): void {
    if (range.count === 0) return
    this.ranges.push(range)
    this.bytes += range.end - range.start
    this.last = range.firstPosition + range.count - 1
  }

  user(id: UserId): TouchedUser {
    let user = this.users.get(id)
    if (user === undefined) this.users.set(id, (user = new TouchedUser()))
    return user
  }

  /** The bytes and the index stay until `release`, also when the generation has been flushed meanwhile. */
  hold(): void {
    this.#holds++
  }

  release(): void {
    if (--this.#holds > 0) return
    this.#onDrop(this)
    for (const chunk of this.#chunks) chunk.release()
    this.#chunks.length = 0
  }
}
