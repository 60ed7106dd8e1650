import { andThen } from '../async/maybe-promise.js'
import type { MaybePromise } from '../backend/port.js'
import type { MembershipRow } from '../formats/record-parts.js'
import type { Interval, Marks, Participation, Standing } from '../model/conversation.js'
import type { Position, UserId } from '../model/ids.js'
import type { Message } from '../model/message.js'
import { ListNode, type ConversationEntry, type GroupPart } from './memory/entries.js'
import type { Memory } from './memory/memory.js'
import type { Loader } from './loader.js'
import type { MessageReader } from './message-reader.js'
import { liveMessage, toMessage } from './stored-message.js'

const whole: readonly Interval[] = Object.freeze([Object.freeze({ from: 1, to: null })])

/** What a participation is made of, besides the conversation itself. */
interface Part {
  readonly marks: Marks
  readonly membership: MembershipRow | null
  /** Groups: own messages up to the visible head. */
  readonly own: number
}

/** Makes participations: what a user has in a conversation, out of the conversation, the user's marks and membership. */
export class Participations {
  readonly #memory: Memory
  readonly #loader: Loader
  readonly #messages: MessageReader

  constructor(parts: { readonly memory: Memory; readonly loader: Loader; readonly messages: MessageReader }) {
    this.#memory = parts.memory
    this.#loader = parts.loader
    this.#messages = parts.messages
  }

  /** The user's part in a conversation; null if there is none. */
  of(user: UserId, entry: ConversationEntry): MaybePromise<Participation | null> {
    const node = this.#memory.nodeOf(user, entry)
    return node === null ? this.#load(user, entry) : this.ofNode(node)
  }

  /** The same for somebody who looks at the conversation itself: it stays in memory as long as there is room. */
  look(user: UserId, entry: ConversationEntry): MaybePromise<Participation | null> {
    const node = this.#nodeOf(user, entry)
    if (node === null) return this.#loadNode(user, entry)
    this.#memory.use(node)
    return this.ofNode(node)
  }

  /** The same as far as marks need it: of a direct conversation in memory nothing is read, decoded or made. */
  standing(user: UserId, entry: ConversationEntry): MaybePromise<Standing | null> {
    if (entry.groupPart !== null) return this.look(user, entry)
    const node = this.#nodeOf(user, entry)
    if (node === null || node.marks === null) return this.look(user, entry)
    this.#memory.use(node)
    return {
      kind: 'direct',
      intervals: whole,
      head: entry.durableHead,
      ownAtHead: ownOf(user, entry),
      marks: node.marks,
    }
  }

  #loadNode(user: UserId, entry: ConversationEntry): MaybePromise<Participation | null> {
    const loaded = this.#loader.load(entry, user)
    if (loaded === undefined && entry.groupPart === null) {
      const node = this.#nodeOf(user, entry)
      // Nobody has a part in what has just been found to be nothing, or somebody else's.
      return node === null ? this.#load(user, entry) : this.ofNode(node)
    }
    return this.#loadNodeLater(user, entry, loaded)
  }

  async #loadNodeLater(
    user: UserId,
    entry: ConversationEntry,
    loaded: MaybePromise<void>,
  ): Promise<Participation | null> {
    entry.inFlight++
    try {
      await loaded
      if (entry.groupPart !== null) await this.#loader.membership(user, entry)
      const node = this.#nodeOf(user, entry)
      return node === null ? await this.#load(user, entry) : await this.ofNode(node)
    } finally {
      entry.inFlight--
      this.#memory.release(entry)
    }
  }

  /** The user's node for a conversation, made if need be; null if there is no part in it, or none that memory knows. */
  #nodeOf(user: UserId, entry: ConversationEntry): ListNode | null {
    const memory = this.#memory
    const found = memory.nodeOf(user, entry)
    if (found !== null) return found
    // A handle from before may be of a conversation that has left memory and come back: nobody tells it anything.
    if (!entry.inMemory) return null
    const { pair, groupPart } = entry
    const membership = groupPart === null ? null : (groupPart.members.get(user) ?? null)
    if (groupPart === null) {
      if (!entry.known || !pair?.includes(user) || entry.durableHead === 0) return null
    } else if (groupPart.durable === null || membership === null) return null
    // IMPORTANT: made before marks and counts are read: what is written meanwhile finds it.
    const node = new ListNode(memory.user(user), entry, this.#loader.marksInMemory(user, entry) ?? null)
    node.membership = membership
    memory.addNode(node, 'aside')
    return node
  }

  /** What the user may see of a conversation, without marks and messages; null if there is no part in it. */
  intervals(user: UserId, entry: ConversationEntry): MaybePromise<readonly Interval[] | null> {
    const { pair, groupPart, known } = entry
    if (pair !== null && known) return pair.includes(user) && entry.durableHead > 0 ? whole : null
    if (groupPart === null) return this.#loadIntervals(user, entry)
    if (groupPart.durable === null) return null
    return andThen(this.#loader.membership(user, entry), (membership) => membership?.intervals ?? null)
  }

  async #loadIntervals(user: UserId, entry: ConversationEntry): Promise<readonly Interval[] | null> {
    entry.inFlight++
    try {
      await this.#loader.load(entry, user)
      return entry.kind === null ? null : await this.intervals(user, entry)
    } finally {
      entry.inFlight--
      this.#memory.release(entry)
    }
  }

  /** The same from a list; kept until something changes. */
  ofNode(node: ListNode): MaybePromise<Participation> {
    if (node.view !== null && this.#isCurrent(node, node.view)) return node.view
    return this.#make(node) ?? this.#complete(node)
  }

  /** A view of a large group is not told of each message. */
  #isCurrent(node: ListNode, view: Participation): boolean {
    return node.entry.groupPart === null || view.position === node.position
  }

  /** Null if something must be read first. */
  #make(node: ListNode): Participation | null {
    const { entry, marks, membership, own } = node
    if (marks === null) return null
    // A list shows nothing of the own messages of one who has left.
    const needsOwn = membership !== null && (node.aside || isOpen(membership))
    if (entry.groupPart !== null && (membership === null || (own === null && needsOwn))) return null
    const head = visibleHead(entry, membership)
    const last = this.#lastMessage(entry, head, membership)
    if (last === undefined) return null
    const view = participation(node.user.id, entry, { marks, membership, own: own ?? 0 }, head, last)
    node.view = view
    return view
  }

  /** Reads what is missing, all of it together. */
  #complete(node: ListNode): MaybePromise<Participation> {
    for (;;) {
      const waiting = this.#readMissing(node)
      if (waiting !== null) return this.#completeLater(node, waiting)
      const made = this.#make(node)
      if (made !== null) return made
    }
  }

  async #completeLater(node: ListNode, waiting: Promise<unknown>): Promise<Participation> {
    node.user.pins++
    try {
      await waiting
      return await (this.#make(node) ?? this.#complete(node))
    } finally {
      node.user.pins--
    }
  }

  /** Null if nothing had to be waited for. */
  #readMissing(node: ListNode): Promise<unknown> | null {
    const { entry, membership } = node
    const waiting: Promise<void>[] = []
    const read = (found: MaybePromise<void>): void => {
      if (found instanceof Promise) waiting.push(found)
    }
    try {
      if (node.marks === null) read(this.#readMarks(node))
      if (entry.groupPart !== null) read(this.#readMember(node))
      if (entry.groupPart === null || membership !== null) {
        const head = visibleHead(entry, membership)
        const isMissing = this.#lastMessage(entry, head, membership) === undefined
        if (isMissing) read(this.#readLast(entry, head, node.aside))
      }
    } catch (error) {
      // What waits already may fail as well, and somebody must hear of it.
      waiting.push(Promise.reject(error))
    }
    return waiting.length === 0 ? null : Promise.all(waiting)
  }

  #readMarks(node: ListNode): MaybePromise<void> {
    return andThen(this.#loader.marks(node.user.id, node.entry), (marks) => {
      // A mark that came meanwhile is newer.
      node.marks ??= marks
    })
  }

  async #readMember(node: ListNode): Promise<void> {
    const { user, entry } = node
    if (node.membership === null) {
      const membership = await this.#loader.membership(user.id, entry)
      node.membership ??= membership
    }
    while (node.own === null) {
      const head = entry.durableHead
      const own = await this.#loader.ownOrdinal(user.id, entry, head)
      // A message of the user's own that came meanwhile is not in it, and found no number to raise.
      if (entry.durableHead === head) node.own ??= own
    }
  }

  async #load(user: UserId, entry: ConversationEntry): Promise<Participation | null> {
    entry.inFlight++
    try {
      await this.#loader.load(entry, user)
      if (entry.kind === null) return null
      let membership: MembershipRow | null = null
      if (entry.groupPart !== null) {
        if (entry.groupPart.durable === null) return null
        membership = await this.#loader.membership(user, entry)
        if (membership === null) return null
      } else if (!entry.pair?.includes(user) || entry.durableHead === 0) return null
      const marks = await this.#loader.marks(user, entry)
      for (;;) {
        const head = visibleHead(entry, membership)
        const own = membership === null ? 0 : await this.#loader.ownOrdinal(user, entry, head)
        const last = this.#lastMessage(entry, head, membership)
        if (last === undefined) await this.#readLast(entry, head, false)
        else if (head === visibleHead(entry, membership)) {
          return participation(user, entry, { marks, membership, own }, head, last)
        }
      }
    } finally {
      entry.inFlight--
      this.#memory.release(entry)
    }
  }

  /** The newest visible message; null if there is none, undefined if it must be read. */
  #lastMessage(
    entry: ConversationEntry,
    head: number,
    membership: MembershipRow | null,
  ): Message | null | undefined {
    if (head === 0 || (membership !== null && !sees(membership, head))) return null
    const { lastMessage } = entry
    if (lastMessage?.seq === head) return lastMessage
    const kept = entry.page?.at(-1)
    if (kept?.seq === head) return kept
    const live = liveMessage(entry, head)
    if (live === null) return undefined
    const message = toMessage(entry.id, live)
    if (head === entry.durableHead) entry.lastMessage = message
    return message
  }

  /** `more`: somebody looks at the conversation itself, and not only at its row in a list. */
  #readLast(entry: ConversationEntry, head: number, more: boolean): MaybePromise<void> {
    const read: MaybePromise<Message | undefined> = more
      ? this.#messages.newest(entry, head)
      : andThen(this.#messages.one(entry, head), (stored) => toMessage(entry.id, stored))
    if (!(read instanceof Promise)) {
      entry.lastMessage = read
      return undefined
    }
    entry.inFlight++
    return read
      .then((message) => {
        if (message !== undefined) entry.lastMessage = message
      })
      .finally(() => {
        entry.inFlight--
        this.#memory.release(entry)
      })
  }
}

/** The newest seq that the user may see; 0 if there is none. */
function visibleHead(entry: ConversationEntry, membership: MembershipRow | null): number {
  if (membership === null) return entry.durableHead
  for (let i = membership.intervals.length - 1; i >= 0; i--) {
    const { from, to } = membership.intervals[i] as Interval
    const end = to ?? entry.durableHead
    if (end >= from) return end
  }
  return 0
}

function sees(membership: MembershipRow, seq: number): boolean {
  return membership.intervals.some(({ from, to }) => seq >= from && (to === null || seq <= to))
}

export function isOpen(membership: MembershipRow): boolean {
  return membership.intervals.at(-1)?.to === null
}

function participation(
  user: UserId,
  entry: ConversationEntry,
  part: Part,
  head: number,
  lastMessage: Message | null,
): Participation {
  return entry.groupPart === null
    ? directParticipation(user, entry, part.marks, lastMessage)
    : groupParticipation(entry, entry.groupPart, part, head, lastMessage)
}

function directParticipation(
  user: UserId,
  entry: ConversationEntry,
  marks: Marks,
  lastMessage: Message | null,
): Participation {
  const [first, second] = entry.pair as readonly [UserId, UserId]
  return {
    conversationId: entry.id,
    kind: 'direct',
    peer: user === first ? second : first,
    title: undefined,
    memberCount: first === second ? 1 : 2,
    intervals: whole,
    ownAtJoin: 0,
    head: entry.durableHead,
    ownAtHead: ownOf(user, entry),
    marks,
    lastMessage,
    activityAt: entry.timestamp,
    position: entry.position as Position,
  }
}

/** How many messages of a direct conversation are a participant's own. */
function ownOf(user: UserId, { pair, durableHead, durableN0 }: ConversationEntry): number {
  const { 0: first, 1: second } = pair as readonly [UserId, UserId]
  if (first === second) return durableHead
  return user === first ? durableN0 : durableHead - durableN0
}

function groupParticipation(
  entry: ConversationEntry,
  group: GroupPart,
  part: Part,
  head: number,
  lastMessage: Message | null,
): Participation {
  const membership = part.membership as MembershipRow
  const { title, memberCount } = membership.left ?? group.durable ?? group.row
  const place = groupPlace(entry, membership, lastMessage)
  return {
    conversationId: entry.id,
    kind: 'group',
    peer: undefined,
    title,
    memberCount,
    intervals: membership.intervals,
    ownAtJoin: membership.ownAtJoin,
    head,
    ownAtHead: part.own,
    marks: part.marks,
    lastMessage,
    ...place,
  }
}

/** Where a group stands in a member's list. The last message counts only if it came after the last joining. */
function groupPlace(
  entry: ConversationEntry,
  membership: MembershipRow,
  lastMessage: Message | null,
): { activityAt: number; position: Position } {
  const { joined, joinedAt } = membership
  const from = (membership.intervals.at(-1) as Interval).from
  if (lastMessage === null || lastMessage.seq < from)
    return { activityAt: joinedAt, position: joined as Position }
  const position = isOpen(membership) ? entry.position : membership.place
  return { activityAt: lastMessage.timestamp, position: position as Position }
}
