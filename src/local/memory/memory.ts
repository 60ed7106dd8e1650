import { directConversationId } from '../../model/direct-conversation-id.js'
import type { ConversationId, UserId } from '../../model/ids.js'
import { ConversationCosts } from './conversation-costs.js'
import { CachedUser, ConversationEntry, type ListNode, type Touched } from './entries.js'
import type { Generation } from './generation.js'
import { KeptIndexes } from './kept-indexes.js'
import { KeptLists } from './kept-lists.js'
import { KeptMessages } from './kept-messages.js'
import { LiveGenerations } from './live-generations.js'
import { shares, type MemoryOptions } from './memory-options.js'
import type { ListPlace } from './node-list.js'
import { UserOrder } from './user-order.js'

/** Measured as the growth of V8's heap behind 40,000 conversations, and rounded up. Other costs stand with their accounts. */
const costs = { user: 600, peer: 80 } as const

/**
 * What the local backend has in memory: live generations (the part of the truth that the shards do not have yet) and the cache
 * (copies, any of which may go at any time). Users and conversations are found here by id, one object for one id as long as it
 * is used. Under pressure users are stripped, the coldest first: what stands beside a list goes, and the list is packed. When
 * all but the warmest are, the coldest loses the last tier of its list, then the one before, at last itself.
 */
export class Memory {
  readonly #options: MemoryOptions
  readonly #users = new Map<UserId, CachedUser>()
  readonly #order = new UserOrder()
  readonly #conversations = new Map<ConversationId, ConversationEntry>()
  readonly generations: LiveGenerations
  readonly lists: KeptLists
  readonly indexes: KeptIndexes
  readonly messages: KeptMessages
  #peerBytes = 0
  readonly #costs = new ConversationCosts()
  /** Conversations that were asked for and no user has, the last one used last: the first to go for want of room. */
  readonly #strays = new Set<ConversationEntry>()
  #trimming = false
  evictions = 0
  readonly counters = { hits: 0, misses: 0, loads: 0 }

  constructor(options: MemoryOptions, first: Generation) {
    this.#options = options
    this.generations = new LiveGenerations(first)
    this.lists = new KeptLists({
      pack: options.pack,
      removeNode: (node) => this.removeNode(node),
      grew: () => this.#grew(),
    })
    this.indexes = new KeptIndexes({
      parkedBytes: () => Math.min(options.maxBytes * shares.parked, this.#room * shares.parkedOfRoom),
      exactIds: options.exactIds,
      grew: () => this.#grew(),
    })
    this.messages = new KeptMessages({
      changed: (entry) => this.#costs.changed(entry),
      grew: () => this.#grew(),
    })
  }

  get userCount(): number {
    return this.#users.size
  }

  get conversationCount(): number {
    return this.#conversations.size
  }

  /** Bytes of the cache. */
  get bytes(): number {
    const objects = this.#users.size * costs.user + this.#peerBytes + this.#costs.cached
    return objects + this.lists.bytes + this.messages.bytes + this.indexes.bytes
  }

  /** What the cache may hold just now. */
  get #room(): number {
    const { maxBytes } = this.#options
    return maxBytes - Math.min(this.#costs.live + this.indexes.liveBytes, maxBytes * shares.live)
  }

  // ---- users

  peekUser(id: UserId): CachedUser | undefined {
    return this.#users.get(id)
  }

  /** The user's entry, made if it is not there; it counts as used now. */
  user(id: UserId): CachedUser {
    let user = this.#users.get(id)
    if (user === undefined) {
      user = new CachedUser(id)
      this.#users.set(id, user)
      this.#order.add(user)
      this.#grew()
    } else this.#order.use(user)
    return user
  }

  /** The first or second participant of a direct conversation, if in memory. */
  participant(entry: ConversationEntry, first: boolean): CachedUser | undefined {
    const last = first ? entry.firstUser : entry.secondUser
    if (last !== null) return last
    const { 0: one, 1: other } = entry.pair as readonly [UserId, UserId]
    const found = this.#users.get(first ? one : other)
    // Only a user who has the conversation lets go of it when leaving memory.
    const known = found?.peer(first ? other : one) === entry ? found : null
    if (first) entry.firstUser = known
    else entry.secondUser = known
    return found
  }

  // ---- conversations

  peekConversation(id: ConversationId): ConversationEntry | undefined {
    return this.#conversations.get(id)
  }

  conversation(id: ConversationId): ConversationEntry {
    let entry = this.#conversations.get(id)
    if (entry === undefined) {
      this.#conversations.set(id, (entry = new ConversationEntry(id)))
      this.#costs.begin(entry)
      this.#strays.add(entry)
      this.#grew()
    }
    return entry
  }

  /** The direct conversation of two users, held by the first one's entry. */
  direct(a: UserId, b: UserId): ConversationEntry {
    const user = this.user(a)
    const known = user.peer(b)
    if (known !== undefined) return known
    const entry = this.conversation(directConversationId(a, b))
    const peer = this.#users.get(b)
    // The strings that memory has already: what callers give would be kept as well.
    const one = user.id
    const other = peer?.id ?? b
    entry.nameBetween(one, other)
    this.holdPeer(user, other, entry)
    // The other one will answer: then the conversation's id need not be worked out again.
    if (peer !== undefined) this.holdPeer(peer, one, entry)
    return entry
  }

  /** A group's members in memory are others, or more. */
  chargeMembers(entry: ConversationEntry): void {
    this.#costs.changed(entry)
    this.#grew()
  }

  /** One more live generation knows of it. `dropped` says when the last one is gone; before, there is nothing to let go of. */
  keepLive(entry: ConversationEntry): void {
    if (++entry.live > 1) return
    this.#strays.delete(entry)
    this.#costs.becameLive(entry)
    this.indexes.becameLive(entry)
  }

  holdPeer(user: CachedUser, peer: UserId, entry: ConversationEntry): void {
    if (user.peer(peer) !== undefined) return
    user.putPeer(peer, entry)
    entry.refs++
    this.#peerBytes += costs.peer
  }

  // ---- lists

  /** Puts a conversation into a user's list in memory, as the newest or the oldest, or beside it. */
  addNode(node: ListNode, place: ListPlace | 'aside'): void {
    const { user, entry } = node
    if (place === 'aside') this.#putAside(node)
    else user.place(node, place)
    entry.refs++
    this.lists.countNode(node, 1)
    this.#grew()
    if (entry.groupPart !== null) entry.groupPart.nodes.set(user.id, node)
    else {
      const pair = entry.pair as readonly [UserId, UserId]
      if (pair[0] === user.id) entry.first = node
      if (pair[1] === user.id) entry.second = node
    }
  }

  #putAside(node: ListNode): void {
    const { user } = node
    user.putAside(node)
    for (let old; (old = user.oldestAside(this.#options.keptAside)) !== null && old !== node;)
      this.#dropNode(old)
  }

  /** Moves what stood beside a list into it. */
  enlist(node: ListNode, place: ListPlace): void {
    node.user.takeAside(node)
    node.user.place(node, place)
  }

  /** Something happened in the conversation: it is the first of the list, if the list is in memory. */
  raise(node: ListNode): void {
    if (!node.aside) node.user.nodes.moveToNewest(node)
    else if (node.user.listed) this.enlist(node, 'newest')
  }

  /** A reader looked at the conversation. */
  use(node: ListNode): void {
    const { user } = node
    this.#order.use(user)
    if (!node.aside || user.aside.size === 1) return
    user.putAside(node)
  }

  /** A group that the user sees differently from now on: beside the list if it is large, in its place if not. */
  replaceNode(node: ListNode, place: 'large' | 'list'): void {
    const { user, entry } = node
    if (node.aside) {
      if (place === 'large' && user.listed) this.enlist(node, 'large')
    } else if (place === 'large') {
      if (user.large.has(entry.id)) return
      user.nodes.remove(node)
      user.addLarge(node)
    } else if (user.dropLarge(entry.id)) {
      if (user.reaches(node.position)) user.nodes.insert(node)
      else this.forgetNode(node)
    }
  }

  removeNode(node: ListNode): void {
    const { user, entry } = node
    if (node.aside) user.takeAside(node)
    else if (user.large.get(entry.id) === node) user.dropLarge(entry.id)
    else user.nodes.remove(node)
    this.forgetNode(node)
  }

  /** Forgets a node that stands in no list. IMPORTANT: one that a call waits for stays, or it would not be told what comes. */
  forgetNode(node: ListNode): void {
    const { user, entry } = node
    if (node.waits > 0) return user.putAside(node)
    this.lists.countNode(node, -1)
    if (entry.groupPart !== null) entry.groupPart.nodes.delete(user.id)
    if (entry.first === node) entry.first = null
    if (entry.second === node) entry.second = null
    if (!entry.isShown) this.messages.forgetLast(entry)
    entry.refs--
    this.release(entry)
  }

  /** The user's node for a conversation, if it is in memory. */
  nodeOf(user: UserId, entry: ConversationEntry): ListNode | null {
    const { groupPart, pair } = entry
    if (groupPart !== null) return groupPart.nodes.get(user) ?? null
    if (pair === null) return null
    // Its user is in memory: a user who leaves takes the nodes along.
    return pair[0] === user ? entry.first : pair[1] === user ? entry.second : null
  }

  // ---- letting go

  /** Reads alone fill the cache as well: it is trimmed soon after it has grown beyond its budget, by a read or a write. */
  #grew(): void {
    const { maxBytes, later } = this.#options
    const isObjects =
      this.messages.bytes > maxBytes * shares.messages || this.lists.hotBytes > maxBytes * shares.hot
    if (this.#trimming || (this.bytes <= this.#room && !isObjects)) return
    this.#trimming = true
    later(() => {
      this.#trimming = false
      this.trim()
    })
  }

  /** Brings the cache back under its budget. Pinned users and entries that are in use stay. */
  trim(): void {
    const maxBytes = this.#room
    this.messages.trim(maxBytes * shares.messages)
    this.lists.cool(maxBytes * shares.hot)
    for (const stray of this.#strays) {
      if (this.bytes <= maxBytes) break
      if (!stray.idle && stray.refs === 0) continue
      this.#strays.delete(stray)
      this.release(stray)
    }
    for (let user; this.bytes > maxBytes && (user = this.#order.nextToStrip) !== null;) {
      if (user.pins === 0 && this.#strip(user)) continue
      if (user.pins > 0 || user.listed || user.memberships !== null) this.#order.passed()
      else this.#dropUser(user)
    }
    for (let user = this.#order.coldest; user !== null && this.bytes > maxBytes;) {
      const warmer: CachedUser | null = user.warmer
      while (this.bytes > maxBytes && this.#dropTier(user));
      user = warmer
    }
  }

  /** A generation is needed no more: conversations lose what it knew of them. */
  dropped(generation: Generation, settle: (touched: Touched) => void): void {
    for (const touched of generation.conversations) {
      const { entry } = touched
      settle(touched)
      let newer: Touched | null = null
      for (let each = entry.touched; each !== null && each !== touched; each = each.older) newer = each
      if (newer !== null) newer.older = touched.older
      else if (entry.touched === touched) entry.touched = touched.older
      if (--entry.live === 0) {
        this.#costs.settled(entry)
        this.indexes.settled(entry)
      }
      this.indexes.charge(entry)
      this.release(entry)
    }
  }

  /** Takes from a user what is more than a packed list, some of it at a time; false if there was nothing. */
  #strip(user: CachedUser): boolean {
    if (user.feedAhead !== null) this.lists.dropAhead(user)
    else if (user.aside.size > 0) {
      let left = this.#options.tierSize
      for (const node of user.aside) if (left-- > 0) this.#dropNode(node)
    } else if ((user.listed && user.hotBytes > 0) || user.peerCount > 0) {
      if (user.listed && !this.lists.pack(user)) return false
      for (const [peer, entry] of user.allPeers()) this.#dropPeer(user, peer, entry)
    } else return false
    this.evictions++
    return true
  }

  /** Takes the last tier from a user, or the user itself; false if there is nothing to take. */
  #dropTier(user: CachedUser): boolean {
    if (user.pins > 0) return false
    if (this.#strip(user)) return true
    this.evictions++
    const { tierSize } = this.#options
    if (user.count > tierSize) {
      this.#dropTail(user, user.count % tierSize || tierSize)
      return true
    }
    this.#dropUser(user)
    return false
  }

  #dropTail(user: CachedUser, count: number): void {
    for (let left = count; left > 0;) {
      const packed = this.lists.dropPacked(user, left)
      if (packed === 0) this.#dropNode(user.nodes.oldest as ListNode)
      left -= packed === 0 ? 1 : packed
    }
    user.complete = false
    user.floor = user.lowest
    user.changed()
  }

  #dropNode(node: ListNode): void {
    const { user, entry } = node
    const peer = entry.peerOf(user.id)
    this.removeNode(node)
    if (peer !== null) this.#dropPeer(user, peer, entry)
  }

  #dropUser(user: CachedUser): void {
    if (user.aside.size > 0) for (const node of [...user.aside]) this.removeNode(node)
    if (user.listed) {
      while (user.nodes.oldest !== null) this.removeNode(user.nodes.oldest)
      for (const node of [...user.large.values()]) this.removeNode(node)
    }
    this.lists.forget(user)
    for (const [peer, entry] of user.allPeers()) this.#dropPeer(user, peer, entry)
    this.#order.remove(user)
    this.#users.delete(user.id)
  }

  #dropPeer(user: CachedUser, peer: UserId, entry: ConversationEntry): void {
    if (!user.dropPeer(peer)) return
    if (entry.firstUser === user) entry.firstUser = null
    if (entry.secondUser === user) entry.secondUser = null
    this.#peerBytes -= costs.peer
    entry.refs--
    this.release(entry)
  }

  /** For a caller that is done with an entry that may have no other reference. `soon`: the caller may well ask again. */
  release(entry: ConversationEntry, soon = false): void {
    if (this.#conversations.get(entry.id) !== entry) return
    if (soon) this.#strays.delete(entry)
    if (!entry.idle || (soon && entry.kind !== null)) {
      // A lane or a read that still uses it may end without a word.
      if (entry.refs === 0 && entry.live === 0) this.#strays.add(entry)
      // While it was held no trim could take it.
      if (soon) this.#grew()
      return
    }
    this.messages.forget(entry)
    this.#conversations.delete(entry.id)
    this.#strays.delete(entry)
    entry.inMemory = false
    this.#costs.end(entry)
    this.indexes.letGo(entry)
  }
}
