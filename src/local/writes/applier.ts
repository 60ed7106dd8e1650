import type { ChangeRef } from '../../backend/port.js'
import { countAt } from '../../formats/records.js'
import { noMarks, type Marks } from '../../model/conversation.js'
import type { ConversationId, UserId } from '../../model/ids.js'
import type { DurableGroup } from '../commit-log/options.js'
import {
  type CachedUser,
  type ConversationEntry,
  type GroupPart,
  ListNode,
  Touched,
} from '../memory/entries.js'
import type { ConversationFilter } from '../memory/conversation-filter.js'
import { Generation, type TouchedUser } from '../memory/generation.js'
import type { Memory } from '../memory/memory.js'
import { unreadBehind } from '../views/participation-view.js'
import type { PendingMark, PendingSend } from './pending.js'
import type { Watchers } from './watchers.js'

/** Position of the message before one in a group, which is not needed: groups are never packed. */
const unknown = -1

export interface ApplierOptions {
  readonly watchers: Watchers
  readonly filter: ConversationFilter
  readonly onFrozen: (generation: Generation) => void
  readonly onDrop: (generation: Generation) => void
}

/**
 * Makes durable records visible: into the current generation, and through to whatever the cache holds. Everything here
 * is synchronous and in the order of the log; readers run between groups, never inside one.
 */
export class Applier {
  readonly #memory: Memory
  readonly #options: ApplierOptions
  #group!: DurableGroup
  /** Where the part of the group begins that belongs to the current generation. */
  #start = 0
  #first = 0
  readonly #news = new Set<UserId>()
  /** News of this group that belong to a generation which it has ended. */
  #cutNews: readonly UserId[] = []

  constructor(memory: Memory, options: ApplierOptions) {
    this.#memory = memory
    this.#options = options
  }

  get current(): Generation {
    return this.#memory.generations.current
  }

  begin(group: DurableGroup): void {
    this.#group = group
    this.#start = group.start
    this.#first = group.firstPosition
    this.current.useChunk(group.chunk)
  }

  /**
   * The first `count` records of the group are applied, whose bytes end at `end`: all of them, or those before one that could
   * not be.
   */
  end(count: number, end: number): void {
    const { chunk, firstPosition } = this.#group
    this.#addRange(chunk.bytes, end, firstPosition + count - this.#first)
    const news = this.#takeNews(firstPosition + count - 1)
    // IMPORTANT: only now: a listener finds all that was applied.
    this.#options.watchers.publish(this.#cutNews)
    this.#options.watchers.publish(news)
    this.#cutNews = []
    this.#memory.trim()
  }

  /** The generation ends with the record at `position`, whose bytes end at `end`. */
  cut(position: number, end: number): void {
    const { chunk } = this.#group
    const frozen = this.current
    // It takes memory, and comes first: where there is none the log fails, with the generation as it was.
    const next = new Generation(frozen.number + 1, position, this.#options.onDrop)
    this.#addRange(chunk.bytes, end, position - this.#first + 1)
    this.#cutNews = [...this.#cutNews, ...this.#takeNews(position)]
    this.#start = end
    this.#first = position + 1
    next.useChunk(chunk)
    this.#memory.generations.begin(next)
    this.#options.onFrozen(frozen)
  }

  /** What has gathered for watchers, noted as part of the current generation. */
  #takeNews(position: number): readonly UserId[] {
    if (this.#news.size === 0) return []
    const news = [...this.#news]
    this.#news.clear()
    this.#options.watchers.note(news, position, this.current.after)
    return news
  }

  #addRange(bytes: Buffer, end: number, count: number): void {
    this.current.addRange({ bytes, start: this.#start, end, firstPosition: this.#first, count })
  }

  // ---- messages and marks

  readonly direct = (send: PendingSend, position: number): void => {
    const { entry, seq, draft } = send
    // By place: taken apart as a list it would make an iterator for every message.
    const { 0: first, 1: second } = entry.pair as readonly [UserId, UserId]
    const byFirst = draft.sender === first
    const before = entry.position
    // What may lack memory comes first: a message that cannot be found is not shown either.
    if (seq === 1) this.#options.filter.add(entry.id)
    this.touch(entry).add(seq, send.start, position)
    if (byFirst) entry.durableN0++
    this.#advance(send, position)
    this.#activeSide(entry, first, true, byFirst, before)
    if (second !== first) this.#activeSide(entry, second, false, !byFirst, before)
  }

  readonly group = (send: PendingSend, position: number): void => {
    const { entry, seq, draft } = send
    const part = entry.groupPart as GroupPart
    const touched = this.touch(entry)
    touched.add(seq, send.start, position)
    this.#advance(send, position)
    const ordinal = this.#group.chunk.bytes.readUIntLE(send.start + countAt, 6)
    const own = touched.group?.own.get(draft.sender)
    if (own === undefined) touched.group?.own.set(draft.sender, { before: ordinal - 1, seqs: [seq] })
    else own.seqs.push(seq)
    const sender = part.nodes.get(draft.sender)
    // Also while it is being read: this is newer than what the read will bring.
    if (sender !== undefined) sender.own = ordinal
    if (part.present === null) this.newsOfGroup(entry.id)
    else this.#activeMembers(entry, part, part.present.keys(), draft.sender)
  }

  readonly mark = ({ entry, side, marks }: PendingMark): void => {
    const { 0: first, 1: second } = entry.pair as readonly [UserId, UserId]
    entry.holds--
    this.touch(entry).putMarks(side, marks)
    if (this.#options.watchers.any) this.#news.add(first).add(second)
    const node = side === 0 ? entry.first : entry.second
    const user = node?.user ?? this.#memory.participant(entry, side === 0)
    if (node !== null) {
      node.marks = marks
      node.view = null
    } else if (user !== undefined && this.#memory.lists.takePacked(user, entry.position) !== null)
      this.#memory.addNode(new ListNode(user, entry, marks), 'inside')
    user?.arrived(entry)
    if (user !== undefined) this.marked(user, entry, marks)
  }

  #advance({ entry, seq, timestamp }: PendingSend, position: number): void {
    entry.durableHead = seq
    entry.position = position
    entry.timestamp = timestamp
    this.#memory.messages.outdate(entry)
    entry.holds--
  }

  /** Members of a small group who are woken by its messages: those who are in, not all who were once. */
  #activeMembers(entry: ConversationEntry, part: GroupPart, present: Iterable<UserId>, sender: UserId): void {
    for (const user of present) {
      if (this.#options.watchers.any) this.#news.add(user)
      const node = part.nodes.get(user) ?? null
      const known = node?.user ?? this.#memory.peekUser(user)
      if (known !== undefined) this.#active(known, entry, node, user === sender, unknown)
    }
  }

  #activeSide(entry: ConversationEntry, id: UserId, first: boolean, own: boolean, before: number): void {
    if (this.#options.watchers.any) this.#news.add(id)
    const node = first ? entry.first : entry.second
    const user = node?.user ?? this.#memory.participant(entry, first)
    if (user !== undefined) this.#active(user, entry, node, own, before)
  }

  /**
   * A message moves the conversation to the top of a list, if the list is in memory. `before`: the position of the message before
   * it, 0 if there is none.
   */
  #active(
    user: CachedUser,
    entry: ConversationEntry,
    node: ListNode | null,
    own: boolean,
    before: number,
  ): void {
    if (node !== null) {
      node.view = null
      this.#memory.raise(node)
    } else if (user.listed) this.#newNode(user, entry, before)
    user.arrived(entry)
    user.counting?.add(entry)
    if (user.unread !== null && !own) {
      user.unread.set(entry.id, (user.unread.get(entry.id) ?? 0) + 1)
      this.#memory.lists.chargeBeside(user)
    }
    user.changed()
  }

  /** Makes a node. Marks are known of a conversation that begins, or was packed; others are read when a reader looks. */
  #newNode(user: CachedUser, entry: ConversationEntry, before: number): void {
    const known = before === 0 ? noMarks : (this.#memory.lists.takePacked(user, before)?.marks ?? null)
    const node = new ListNode(user, entry, known)
    if (entry.groupPart === null) {
      this.#memory.holdPeer(user, entry.peerOf(user.id) as UserId, entry)
    } else node.membership = entry.groupPart.member(user.id) ?? null
    this.#memory.addNode(node, 'newest')
  }

  // ---- what others apply with

  /** What the current generation knows of a conversation, made if it is not there. */
  touch(entry: ConversationEntry): Touched {
    const { current } = this
    const known = entry.touched
    if (known?.generation === current) return known
    const touched = new Touched(entry, current, known)
    entry.touched = touched
    this.#memory.keepLive(entry)
    current.conversations.push(touched)
    if (entry.pair !== null) {
      const { 0: first, 1: second } = entry.pair
      current.user(first).addConversation(touched)
      if (second !== first) current.user(second).addConversation(touched)
    } else {
      for (const user of entry.groupPart?.present?.keys() ?? []) current.user(user).addConversation(touched)
    }
    return touched
  }

  touchUser(user: UserId): TouchedUser {
    return this.current.user(user)
  }

  addUserRef(user: UserId, ref: ChangeRef): void {
    this.touchUser(user).makeOwn().refs.push(ref)
    this.news(user)
  }

  /** A direct conversation has a row from now on. */
  begun(entry: ConversationEntry): void {
    this.#options.filter.add(entry.id)
  }

  marked(user: CachedUser, entry: ConversationEntry, marks: Marks): void {
    if (marks.readAt > marks.deliveredAt && user.unread?.has(entry.id) === true) {
      const left = unreadBehind(marks, user.id, entry, this.#memory.nodeOf(user.id, entry))
      if (left === null) user.unread = null
      else if (left > 0) user.unread.set(entry.id, left)
      else user.unread.delete(entry.id)
    }
    user.counting?.add(entry)
    user.changed()
    this.#memory.lists.chargeBeside(user)
  }

  news(user: UserId): void {
    if (this.#options.watchers.any) this.#news.add(user)
  }

  newsOfGroup(group: ConversationId): void {
    const { watchers } = this.#options
    if (!watchers.any) return
    for (const user of watchers.ofGroup(group)) this.#news.add(user)
  }

  /** From now on news of the group are the user's. */
  joined(user: UserId, group: ConversationId): void {
    this.#options.watchers.joined(user, group)
  }
}
