import { andThen } from '../async/maybe-promise.js'
import type { MaybePromise } from '../backend/port.js'
import type { MembershipRow } from '../formats/record-parts.js'
import type { Interval, Marks, Participation, Standing } from '../model/conversation.js'
import { isPresent } from '../model/group.js'
import type { UserId } from '../model/ids.js'
import { messageCost } from '../model/message-cost.js'
import type { Message } from '../model/message.js'
import { type CachedUser, type ConversationEntry, ListNode } from './memory/entries.js'
import { endHold, whileHeld } from './memory/holds.js'
import type { Memory } from './memory/memory.js'
import type { PackedList } from './memory/packed-list.js'
import type { Loader } from './reads/loader.js'
import type { MessageReader } from './reads/message-reader.js'
import { packedView } from './views/packing.js'
import { ownOf, participation, sees, visibleHead, whole } from './views/participation-view.js'
import { liveMessage, toMessage } from './reads/stored-message.js'

/**
 * The last message that the asker may see, if it had to be read. Not kept on the conversation: a user who left a group sees an
 * older one than its members.
 */
interface LastRead {
  last: Message | undefined
}

const nothingRead: LastRead = Object.freeze({ last: undefined })

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

  /** Like `of`, for a reader of the conversation itself: it stays in memory as long as there is room. */
  look(user: UserId, entry: ConversationEntry): MaybePromise<Participation | null> {
    const node = this.#nodeOf(user, entry)
    if (node === null) return this.#loadNode(user, entry)
    this.#memory.use(node)
    return this.ofNode(node)
  }

  /** Like `look`, as far as marks need it: of a direct conversation in memory nothing is read, decoded or made. */
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

  /**
   * The head of a conversation that memory does not know, as it was at the call: a writer has to read it first, and nothing
   * that is written then is durable in the same step.
   */
  async headOnceRead(user: UserId, entry: ConversationEntry): Promise<number> {
    entry.holds++
    try {
      await this.#loader.load(entry, user)
      return entry.durableHead
    } finally {
      endHold(this.#memory, entry)
    }
  }

  #loadNode(user: UserId, entry: ConversationEntry): MaybePromise<Participation | null> {
    const loaded = this.#loader.load(entry, user)
    if (loaded === undefined && entry.groupPart === null) {
      const node = this.#nodeOf(user, entry)
      // The user has no part in a conversation that does not exist, or that is of two others.
      return node === null ? this.#load(user, entry) : this.ofNode(node)
    }
    return this.#loadNodeLater(user, entry, loaded)
  }

  async #loadNodeLater(
    user: UserId,
    entry: ConversationEntry,
    loaded: MaybePromise<void>,
  ): Promise<Participation | null> {
    entry.holds++
    try {
      await loaded
      if (entry.groupPart !== null) await this.#loader.membership(user, entry)
      const node = this.#nodeOf(user, entry)
      return node === null ? await this.#load(user, entry) : await this.ofNode(node)
    } finally {
      endHold(this.#memory, entry)
    }
  }

  /** The user's node for a conversation, made if need be; null if there is no part in it, or none that memory knows. */
  #nodeOf(user: UserId, entry: ConversationEntry): ListNode | null {
    const memory = this.#memory
    const found = memory.nodeOf(user, entry)
    if (found !== null) return found
    // A handle from before may be of a conversation that has left memory and come back: it is told nothing any more.
    if (!entry.inMemory) return null
    const { pair, groupPart } = entry
    const membership = this.#loader.membershipInMemory(user, entry) ?? null
    if (groupPart === null) {
      if (!entry.known || !pair?.includes(user) || entry.durableHead === 0) return null
    } else if (groupPart.durable === null || membership === null) return null
    // IMPORTANT: made before marks and counts are read: what is written meanwhile finds it.
    const looking = memory.user(user)
    const packed = groupPart === null ? memory.lists.takePacked(looking, entry.position) : null
    const marks = this.#loader.marksInMemory(user, entry) ?? packed?.marks ?? null
    const node = new ListNode(looking, entry, marks)
    node.membership = membership
    memory.addNode(node, packed === null ? 'aside' : 'inside')
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
    entry.holds++
    try {
      await this.#loader.load(entry, user)
      return entry.kind === null ? null : await this.intervals(user, entry)
    } finally {
      endHold(this.#memory, entry, true)
    }
  }

  /** The part that a node stands for; the same object until something changes. */
  ofNode(node: ListNode): MaybePromise<Participation> {
    if (node.view !== null && this.#isCurrent(node, node.view)) return node.view
    return this.#make(node, nothingRead) ?? this.#complete(node, { last: undefined })
  }

  /** The part in a packed conversation; null if something must be read first, for which it has to be taken out. */
  ofPacked(user: CachedUser, index: number): Participation | null {
    const packed = user.packed as PackedList
    const known = packed.viewAt(index)
    if (known !== undefined) return known
    const view = packedView(user.id, packed.at(index))
    if (view !== null) packed.putView(index, view)
    return view
  }

  /** A view of a large group is not told of each message. */
  #isCurrent(node: ListNode, view: Participation): boolean {
    return node.entry.groupPart === null || view.position === node.position
  }

  /** The part out of what is in memory and in `read`; null if something else must be read first. */
  #make(node: ListNode, read: LastRead): Participation | null {
    const { entry, marks, membership, own } = node
    if (marks === null) return null
    // A list shows nothing of the own messages of a member who has left.
    const needsOwn = membership !== null && (node.aside || isPresent(membership))
    if (entry.groupPart !== null && (membership === null || (own === null && needsOwn))) return null
    const head = visibleHead(entry, membership)
    const last = this.#lastMessage(entry, head, membership, read)
    if (last === undefined) return null
    const view = participation(node.user.id, entry, { marks, membership, own: own ?? 0 }, head, last)
    const { messages, lists } = this.#memory
    // The last message that a former member sees is read anew for each list if it is long: no place keeps it, and a block is
    // mostly at hand.
    if (last !== null && messages.isLong(entry, last)) node.user.showMeanwhile(node, view)
    else lists.show(node, view, last === null || this.#goesWith(node, last) ? 0 : messageCost(last))
    return view
  }

  /**
   * True if the view's message is the conversation's own, so that the view goes when that is another one. A user who has left a
   * group is shown another message, and a member of a large one perhaps for long a former one.
   */
  #goesWith({ entry }: ListNode, last: Message): boolean {
    return last === entry.lastMessage && entry.groupPart?.durable?.large !== true
  }

  /** Reads what is missing, all of it together. */
  #complete(node: ListNode, read: LastRead): MaybePromise<Participation> {
    for (;;) {
      const waiting = this.#readMissing(node, read)
      if (waiting !== null) return this.#completeLater(node, read, waiting)
      const made = this.#make(node, read)
      if (made !== null) return made
    }
  }

  /**
   * IMPORTANT: so long the node stays in memory, and its conversation with it: what comes meanwhile is told to both, or to
   * none.
   */
  async #completeLater(node: ListNode, read: LastRead, waiting: Promise<unknown>): Promise<Participation> {
    node.waits++
    node.user.beginWait()
    try {
      await waiting
      return await (this.#make(node, read) ?? this.#complete(node, read))
    } finally {
      node.user.endWait()
      node.waits--
    }
  }

  /** Null if nothing had to be waited for. */
  #readMissing(node: ListNode, last: LastRead): Promise<unknown> | null {
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
        const isMissing = this.#lastMessage(entry, head, membership, last) === undefined
        if (isMissing) read(this.#readLast(entry, head, node.aside, last))
      }
    } catch (error) {
      // What waits already may fail as well, and its failure must be heard.
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
    if (node.own === null) {
      const own = await this.#loader.ownOrdinal(user.id, entry, entry.durableHead)
      // A message of the user's own that came meanwhile is not in it: the node was told of that one.
      node.own ??= own
    }
  }

  /** Without a node: only the conversation is told what comes meanwhile, so the membership is looked at again at the end. */
  async #load(user: UserId, entry: ConversationEntry): Promise<Participation | null> {
    entry.holds++
    try {
      await this.#loader.load(entry, user)
      const { groupPart, pair } = entry
      if (groupPart === null && (!pair?.includes(user) || entry.durableHead === 0)) return null
      if (groupPart !== null && groupPart.durable === null) return null
      let membership = await this.#loader.membership(user, entry)
      let marks: Marks | null = null
      const read: LastRead = { last: undefined }
      while (groupPart === null || membership !== null) {
        marks ??= await this.#loader.marks(user, entry)
        const before = visibleHead(entry, membership)
        const own = membership === null ? 0 : await this.#loader.ownOrdinal(user, entry, before)
        const head = visibleHead(entry, membership)
        if (membership !== null && head > before && this.#loader.mayHaveWritten(user, entry, before)) continue
        const last = this.#lastMessage(entry, head, membership, read)
        if (last === undefined) {
          await this.#readLast(entry, head, false, read)
          continue
        }
        const made = participation(user, entry, { marks, membership, own }, head, last)
        if (membership === null) return made
        // IMPORTANT: a user who is out meanwhile does not see what has come since, and the group stands elsewhere in that
        // user's list.
        const now: MembershipRow | null = await this.#loader.membership(user, entry)
        if (now?.position === membership.position) return made
        membership = now
      }
      return null
    } finally {
      endHold(this.#memory, entry)
    }
  }

  /** The newest visible message; null if there is none, undefined if it must be read. */
  #lastMessage(
    entry: ConversationEntry,
    head: number,
    membership: MembershipRow | null,
    read: LastRead,
  ): Message | null | undefined {
    if (head === 0 || (membership !== null && !sees(membership, head))) return null
    if (read.last?.seq === head) return read.last
    const message = keptMessage(entry, head) ?? madeMessage(entry, head)
    if (message !== undefined && head === entry.durableHead) this.#memory.messages.keepLast(entry, message)
    return message
  }

  /** `more`: the reader looks at the conversation itself, and not only at its row in a list. */
  #readLast(entry: ConversationEntry, head: number, more: boolean, into: LastRead): MaybePromise<void> {
    const read: MaybePromise<Message | undefined> = more
      ? this.#messages.newest(entry, head)
      : andThen(this.#messages.one(entry, head), (stored) => toMessage(entry.id, stored))
    const take = (message: Message | undefined): void => {
      into.last = message
      if (message?.seq === entry.durableHead) this.#memory.messages.keepLast(entry, message)
    }
    if (!(read instanceof Promise)) return take(read)
    return whileHeld(this.#memory, entry, read.then(take))
  }
}

function keptMessage(entry: ConversationEntry, seq: number): Message | undefined {
  const kept = entry.lastMessage?.seq === seq ? entry.lastMessage : entry.page?.at(-1)
  if (kept?.seq !== seq) return undefined
  entry.messagesUsed = true
  return kept
}

/** Out of a live generation's bytes. */
function madeMessage(entry: ConversationEntry, seq: number): Message | undefined {
  const live = liveMessage(entry, seq)
  return live === null ? undefined : toMessage(entry.id, live)
}
