import type { RecentPage, UnreadTotal } from '../../backend/port.js'
import type { MembershipRow } from '../../formats/record-parts.js'
import type { Marks, Participation } from '../../model/conversation.js'
import type { ConversationId, UserId } from '../../model/ids.js'
import type { ConversationEntry } from './conversation-entry.js'

/** A conversation in a user's list. Neighbours in the list hang on it. */
export class ListNode {
  readonly user: UserEntry
  readonly entry: ConversationEntry
  /** Null as long as they have not been read. */
  marks: Marks | null
  /** Groups only. */
  membership: MembershipRow | null = null
  /** Groups only: the user's own messages so far; null as long as it has not been read. */
  own: number | null = null
  view: Participation | null = null
  newer: ListNode | null = null
  older: ListNode | null = null

  constructor(user: UserEntry, entry: ConversationEntry, marks: Marks | null) {
    this.user = user
    this.entry = entry
    this.marks = marks
  }

  /** Where it stands in the list: the last message, or the user's joining; frozen after leaving. */
  get position(): number {
    const { membership, entry } = this
    if (membership === null) return entry.position
    return membership.place > 0 ? membership.place : Math.max(entry.position, membership.joined)
  }
}

/**
 * What memory has about one user. The list, if it is there, is always a prefix of the user's whole list: nodes by
 * descending position down to `floor`, everything if `complete`. Large groups stand beside it: their messages do not
 * touch their members.
 */
export class UserEntry {
  readonly id: UserId
  readonly peers = new Map<UserId, ConversationEntry>()
  /** Present and former; null as long as they have not been read. */
  memberships: Map<ConversationId, MembershipRow> | null = null

  listed = false
  newest: ListNode | null = null
  oldest: ListNode | null = null
  count = 0
  complete = false
  floor = 0
  readonly large = new Map<ConversationId, ListNode>()

  /** Goes up with everything that concerns the user (but not with messages of large groups). */
  version = 0
  page: { readonly limit: number; readonly version: number; readonly answer: RecentPage } | null = null
  /** Unread messages by conversation, without large groups; null as long as they have not been counted. */
  unread: Map<ConversationId, number> | null = null
  unreadTotal: UnreadTotal | null = null
  /** Conversations that changed while the unread ones were being counted. */
  counting: Set<ConversationEntry> | null = null
  counted: Promise<void> | null = null

  /** Loads and counts under way: the user stays in memory. */
  pins = 0
  /** Loads of the list under way, and what became active since the first of them began; it stays in memory. */
  loads = 0
  readonly arrivals = new Set<ConversationEntry>()
  loading: Promise<void> | null = null

  /** Neighbours by the time of the last use. */
  warmer: UserEntry | null = null
  colder: UserEntry | null = null

  constructor(id: UserId) {
    this.id = id
  }

  beginLoad(): void {
    this.pins++
    this.loads++
  }

  endLoad(): void {
    this.pins--
    if (--this.loads > 0) return
    for (const entry of this.arrivals) entry.inFlight--
    this.arrivals.clear()
  }

  /** Something of the user changed: a load under way must not overlook it, and its object must not be replaced. */
  arrived(entry: ConversationEntry): void {
    if (this.loads === 0 || this.arrivals.has(entry)) return
    this.arrivals.add(entry)
    entry.inFlight++
  }

  changed(): void {
    this.version++
    this.page = null
    this.unreadTotal = null
  }

  pushNewest(node: ListNode): void {
    node.newer = null
    node.older = this.newest
    if (this.newest === null) this.oldest = node
    else this.newest.newer = node
    this.newest = node
    this.count++
  }

  pushOldest(node: ListNode): void {
    node.older = null
    node.newer = this.oldest
    if (this.oldest === null) this.newest = node
    else this.oldest.older = node
    this.oldest = node
    this.count++
  }

  /** Puts a node where its position says; not at all if that is below what is kept. */
  insert(node: ListNode): boolean {
    if (!this.complete && node.position < this.floor) return false
    let newer = this.oldest
    while (newer !== null && newer.position < node.position) newer = newer.newer
    if (newer === null) this.pushNewest(node)
    else if (newer.older === null) this.pushOldest(node)
    else {
      node.newer = newer
      node.older = newer.older
      newer.older.newer = node
      newer.older = node
      this.count++
    }
    return true
  }

  remove(node: ListNode): void {
    if (node.newer === null) this.newest = node.older
    else node.newer.older = node.older
    if (node.older === null) this.oldest = node.newer
    else node.older.newer = node.newer
    node.newer = node.older = null
    this.count--
  }

  moveToNewest(node: ListNode): void {
    if (this.newest === node) return
    this.remove(node)
    this.pushNewest(node)
  }
}
