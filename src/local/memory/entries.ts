import type { ConversationHandle, UnreadTotal } from '../../backend/port.js'
import type { MembershipRow } from '../../formats/record-parts.js'
import type { Marks, Participation } from '../../model/conversation.js'
import type { GroupState } from '../../model/group.js'
import type { ConversationId, UserId } from '../../model/ids.js'
import type { Message } from '../../model/message.js'
import type { FeedAhead } from './feed-ahead.js'
import type { IdIndex } from './id-index.js'
import type { KeptListAnswer, KeptMessagesAnswer } from './kept-answers.js'
import { KeptGroup } from './kept-group.js'
import type { RecordChunks } from './message-index.js'
import { type ListPlace, NodeList } from './node-list.js'
import { NodesAside } from './nodes-aside.js'
import type { PackedList } from './packed-list.js'
import { TouchedGroup } from './touched-group.js'
import { TouchedMessages } from './touched-messages.js'
import { WithPeers } from './with-peers.js'

/*
 * What memory has of users and conversations, and what live generations know of them: objects that point to each other,
 * so that a message finds everybody's list without looking anything up.
 */

/** What is kept of a group besides its messages. */
export class GroupPart extends KeptGroup<ListNode> {}

/**
 * All that memory has about one conversation: shared by its participants, by readers and by the write path. What is
 * provisional counts what has been handed to the log; what is durable is what readers see. Above each group: who writes it.
 */
export class ConversationEntry implements ConversationHandle {
  readonly id: ConversationId
  // Memory
  /** It is the one that is found by its id. */
  inMemory = true
  /** Users in memory that have it. */
  refs = 0
  /** The lists of the two participants of a direct conversation, if they are in memory and have it. */
  first: ListNode | null = null
  second: ListNode | null = null
  /** The two participants, if they are in memory and hold this; they let go of it before they leave. */
  firstUser: CachedUser | null = null
  secondUser: CachedUser | null = null

  // Loader, Memory where a pair names it, ConversationChanges where a group is made
  kind: 'direct' | 'group' | null = null
  pair: readonly [UserId, UserId] | null = null
  /** Writers have all they need. */
  loaded = false
  /** `durableHead` and what goes with it are known. */
  known = false
  groupPart: GroupPart | null = null

  // The domain (backend/port.ts)
  lane: object | null = null
  marking: object | null = null

  // Provisional: Loader, then Writer, and ConversationChanges where somebody blocks
  head = 0
  /** Messages of the first participant. */
  n0 = 0
  firstBlocked = false
  secondBlocked = false
  /** Of the last message, as `position` and `timestamp`. */
  lastPosition = 0
  lastTimestamp = 0
  /** The generation whose log has an image of this conversation already. */
  imageIn = -1

  // Durable: Loader, then Applier
  durableHead = 0
  durableN0 = 0
  position = 0
  timestamp = 0

  // Applier, and Memory where a generation is dropped
  /** What the newest live generation with this conversation knows. */
  touched: Touched | null = null
  /** Live generations that touch it: while there are any it is not evicted. */
  live = 0

  /** Reads and writes under way that need this object, which count themselves: while above 0 it is not evicted. */
  holds = 0

  // KeptIndexes and ConversationCosts
  /** The idempotency keys of its messages; null before a sender needs them. */
  ids: IdIndex | null = null
  /** Bytes that the cache's accounts have of its index, and of itself with a group's members and a short last message. */
  charged = 0
  cost = 0

  // KeptMessages
  /** Of its page and its answer, and of a last message: of one that is short, or of one that is long. */
  pageBytes = 0
  answerBytes = 0
  shortBytes = 0
  longBytes = 0
  /** A reader has been answered from these since they were last in turn to go. */
  messagesUsed = false
  /** The last message, if it was asked for since it came and is still kept. */
  lastMessage: Message | undefined = undefined
  /** The newest messages as objects, ascending, without a gap up to the last of them. */
  page: readonly Message[] | null = null
  /** The last answer about messages, forgotten with every change. */
  answer: KeptMessagesAnswer | null = null

  constructor(id: ConversationId) {
    this.id = id
  }

  get group(): GroupState | null {
    return this.groupPart === null ? null : this.groupPart.state(this.id)
  }

  /** It is the direct one of these two. */
  nameBetween(one: UserId, other: UserId): void {
    if (this.pair !== null) return
    this.pair = one < other ? [one, other] : [other, one]
    this.kind = 'direct'
  }

  /** The peer of one participant of a direct conversation; null for a group, or as long as the pair is not known. */
  peerOf(user: UserId): UserId | null {
    if (this.pair === null) return null
    return this.pair[0] === user ? this.pair[1] : this.pair[0]
  }

  isBlocked(sender: UserId): boolean {
    return this.pair !== null && (this.pair[0] === sender ? this.firstBlocked : this.secondBlocked)
  }

  /** A user in memory has it in a list, or beside it. */
  get isShown(): boolean {
    return this.first !== null || this.second !== null || (this.groupPart?.nodes.size ?? 0) > 0
  }

  /** Nothing needs it to stay: no user, no generation, no write or read under way, no lane. */
  get idle(): boolean {
    return this.refs === 0 && this.live === 0 && this.holds === 0 && this.lane === null
  }
}

/** A conversation in a user's list. Neighbours in the list hang on it. */
export class ListNode {
  readonly user: CachedUser
  readonly entry: ConversationEntry
  /** Null as long as they have not been read. */
  marks: Marks | null
  /** Groups only. */
  membership: MembershipRow | null = null
  /** Groups only: the user's own messages so far; null as long as it has not been read. */
  own: number | null = null
  view: Participation | null = null
  /** Bytes that the account of lists has of the view's message: if no other account has it. Null if the node is not in memory. */
  shownBytes: number | null = null
  /** Calls that wait for what is read of it: so long it stays in memory, and is told what comes. */
  waits = 0
  /** It stands beside the list: looked at, but not in the part of the list that is in memory. */
  aside = false
  newer: ListNode | null = null
  older: ListNode | null = null

  constructor(user: CachedUser, entry: ConversationEntry, marks: Marks | null) {
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

const nothing: ReadonlyMap<never, never> = new Map<never, never>()
const nobody: ReadonlySet<never> = new Set<never>()

/**
 * What memory has about one user. The list, if it is there, is always a prefix of the user's whole list, down to `floor`,
 * everything if `complete`. Each conversation in it is either a node or packed: the packed ones are direct, and nothing has
 * happened to them since. Large groups stand beside it: their messages do not touch their members.
 */
export class CachedUser extends WithPeers<ConversationEntry> {
  readonly id: UserId
  /** Present and former; null as long as they have not been read. Written by Loader; the next one by ChangeReader. */
  memberships: Map<ConversationId, MembershipRow> | null = null
  feedAhead: FeedAhead | null = null
  /** The list is there. This, `complete` and `floor`: written by ListLoader, and by Memory where it takes the list's end away. */
  listed = false
  #nodes: NodeList<ListNode> | null = null
  packed: PackedList | null = null
  /** Written by KeptLists, from `packed` on: bytes of what is packed; of these, of what is shown; of counts and memberships. */
  packedBytes = 0
  viewBytes = 0
  besideBytes = 0
  /** Bytes of all that the user's list has as objects. */
  hotBytes = 0
  /** A reader has been answered from these objects since the user was last in turn to lose them. */
  hotUsed = false
  /** The list in memory is all of it, or reaches down to `floor`. */
  complete = false
  floor = 0
  /** Made when they are needed: most users in memory have neither. */
  #large: Map<ConversationId, ListNode> | null = null
  #aside: NodesAside<ListNode> | null = null

  /** Goes up with everything that concerns the user (but not with messages of large groups). */
  version = 0
  /** The last page from the top. Written by Lists. */
  page: KeptListAnswer | null = null
  /** Unread messages by conversation, without large groups; null if not counted. Written by UnreadTotals and Applier. */
  unread: Map<ConversationId, number> | null = null
  unreadTotal: UnreadTotal | null = null
  /** Conversations that changed while the unread ones were being counted. This, and the next one: written by UnreadTotals. */
  counting: Set<ConversationEntry> | null = null
  /** The count under way. */
  counted: Promise<void> | null = null

  /** Loads and counts under way, which count themselves (holds.ts): the user stays in memory. */
  pins = 0
  /** Calls that wait for something of the list that is being read, and views that are kept for these calls only. */
  #waits = 0
  #meanwhile: Set<ListNode> | null = null
  /** Loads of the list under way, and what became active since the first of them began; it stays in memory. */
  loads = 0
  #arrivals: Set<ConversationEntry> | null = null
  /** The load of the list's beginning that is under way. Written by ListLoader. */
  loading: Promise<void> | null = null

  /** Neighbours by the time of the last use, and that time, counted in uses of all users. */
  warmer: CachedUser | null = null
  colder: CachedUser | null = null
  usedAt = 0

  constructor(id: UserId) {
    super()
    this.id = id
  }

  /** Nodes of the list, linked by position. */
  get nodes(): NodeList<ListNode> {
    return (this.#nodes ??= new NodeList())
  }

  /** Conversations of the list that are in memory, without the large groups. */
  get count(): number {
    return this.nodes.length + (this.packed?.length ?? 0)
  }

  /** The lowest position in memory. */
  get lowest(): number {
    return Math.min(this.nodes.oldest?.position ?? Infinity, this.packed?.last ?? Infinity)
  }

  place(node: ListNode, place: ListPlace): void {
    if (place === 'large') this.addLarge(node)
    else if (place === 'newest') this.nodes.pushNewest(node)
    else if (place === 'oldest') this.nodes.pushOldest(node)
    else this.nodes.insert(node)
  }

  /** A conversation with this position belongs into the part of the list that is in memory. */
  reaches(position: number): boolean {
    return this.listed && (this.complete || position >= this.floor)
  }

  get large(): ReadonlyMap<ConversationId, ListNode> {
    return this.#large ?? nothing
  }

  /** Conversations that readers look at without the list, or below it; the last one used last. */
  get aside(): ReadonlySet<ListNode> {
    return this.#aside?.all ?? nobody
  }

  get arrivals(): ReadonlySet<ConversationEntry> {
    return this.#arrivals ?? nobody
  }

  addLarge(node: ListNode): void {
    this.#large ??= new Map()
    this.#large.set(node.entry.id, node)
  }

  /** False if it was not there. */
  dropLarge(group: ConversationId): boolean {
    return this.#large?.delete(group) === true
  }

  /** Puts a node beside the list, as the one used last. */
  putAside(node: ListNode): void {
    this.#aside ??= new NodesAside()
    this.#aside.put(node)
  }

  takeAside(node: ListNode): void {
    this.#aside?.take(node)
  }

  /** The next one to go from beside the list, if more than `most` stand there. */
  oldestAside(most: number): ListNode | null {
    return this.#aside?.oldest(most) ?? null
  }

  beginWait(): void {
    this.pins++
    this.#waits++
  }

  endWait(): void {
    this.pins--
    if (--this.#waits > 0 || this.#meanwhile === null) return
    for (const node of this.#meanwhile) node.view = null
    this.#meanwhile = null
  }

  /**
   * Keeps the view of a conversation until those who wait have been answered. IMPORTANT: so long, or what one has waited for is gone
   * again when the next one is there, and a list that is larger than the cache is read for ever.
   */
  showMeanwhile(node: ListNode, view: Participation): void {
    if (this.#waits === 0) return
    node.view = view
    this.#meanwhile ??= new Set()
    this.#meanwhile.add(node)
  }

  /** There are such views. */
  get showsMeanwhile(): boolean {
    return this.#meanwhile !== null
  }

  beginLoad(): void {
    this.pins++
    this.loads++
  }

  endLoad(): void {
    this.pins--
    if (--this.loads > 0) return
    for (const entry of this.arrivals) entry.holds--
    this.#arrivals = null
  }

  /** Something of the user changed: a load under way must not overlook it, and its object must not be replaced. */
  arrived(entry: ConversationEntry): void {
    if (this.loads === 0 || this.arrivals.has(entry)) return
    this.#arrivals ??= new Set()
    this.#arrivals.add(entry)
    entry.holds++
  }

  changed(): void {
    this.version++
    this.page = null
    this.unreadTotal = null
  }
}

/** What a live generation knows of one conversation. */
export class Touched extends TouchedMessages {
  readonly entry: ConversationEntry
  readonly group: TouchedGroup | null
  /** The marks of the two participants of a direct conversation, if they moved here. */
  #firstMarks: Marks | null = null
  #secondMarks: Marks | null = null
  /** What an older generation that is not dropped yet knows of it. */
  older: Touched | null

  constructor(entry: ConversationEntry, generation: RecordChunks, older: Touched | null) {
    super(generation)
    this.entry = entry
    this.older = older
    this.group = entry.kind === 'group' ? new TouchedGroup() : null
  }

  marksOf(user: UserId): Marks | null {
    const { pair } = this.entry
    if (pair === null) return null
    return pair[0] === user ? this.#firstMarks : pair[1] === user ? this.#secondMarks : null
  }

  putMarks(side: 0 | 1, marks: Marks): void {
    this.changedAt = Math.max(this.changedAt, marks.readAt, marks.deliveredAt)
    if (side === 0) this.#firstMarks = marks
    else this.#secondMarks = marks
  }
}
