import type { PackedConversation } from '../../formats/packed-conversation.js'
import type { Participation } from '../../model/conversation.js'
import { ifMemoryAllows } from '../../platform/system-errors.js'
import type { CachedUser, ListNode } from './entries.js'
import { PackedList } from './packed-list.js'

/**
 * Bytes of a conversation of a list as an object whose view is there, measured as the other costs; without its last message,
 * which is mostly counted with the conversation.
 */
const nodeBytes = 400
/** Bytes of the count of a conversation with unread messages, and of a membership that is kept for the feed. */
const unreadBytes = 100
const membershipBytes = 300

export interface KeptListsOptions {
  /** What a direct conversation of a list is when packed. */
  readonly pack: (node: ListNode) => PackedConversation
  readonly removeNode: (node: ListNode) => void
  /** The cache may be too large now. */
  readonly grew: () => void
}

/**
 * The account of what lists take, and what is kept beside them. Conversations as objects, and what was made of packed ones to
 * be shown, are fast and large, so they may take a part of the cache only: lists that no reader looks at are packed. A user who
 * is in turn gets another turn if a reader has been answered from the list since the last one (second chance).
 */
export class KeptLists {
  readonly #options: KeptListsOptions
  /** Users who have objects, those who got them first in front. */
  readonly #hot = new Set<CachedUser>()
  bytes = 0
  hotBytes = 0

  constructor(options: KeptListsOptions) {
    this.#options = options
  }

  countNode(node: ListNode, by: 1 | -1): void {
    if (by < 0) this.#chargeShown(node, 0)
    node.shownBytes = by > 0 ? 0 : null
    this.#count(node.user, by * nodeBytes)
  }

  /** Keeps what is shown of a conversation. `bytes`: those of a message that only this view may keep. */
  show(node: ListNode, view: Participation, bytes: number): void {
    node.view = view
    this.#chargeShown(node, bytes)
  }

  #chargeShown(node: ListNode, bytes: number): void {
    // A node that left memory while a reader waited for it is shown once more; its bytes would never be taken back.
    if (node.shownBytes === null || bytes === node.shownBytes) return
    const more = bytes - node.shownBytes
    node.shownBytes = bytes
    this.#count(node.user, more)
    if (more > 0) this.#options.grew()
  }

  /** The packed part of a list, another one from now on. */
  setPacked(user: CachedUser, packed: PackedList | null): void {
    user.packed = packed
    this.#charge(user)
  }

  /** Takes the conversation with this position out of the packed part of a list; null if it is not there. */
  takePacked(user: CachedUser, position: number): PackedConversation | null {
    const { packed } = user
    const index = packed?.indexOf(position) ?? -1
    if (packed === null || index < 0) return null
    const taken = packed.take(index)
    this.setPacked(user, packed.length === 0 ? null : packed)
    return taken
  }

  /** Lets go of packed conversations at the end of a list, up to so many; returns how many: 0 if a node is the last. */
  dropPacked(user: CachedUser, most: number): number {
    const { nodes, packed } = user
    if (packed === null) return 0
    const first = nodes.oldest === null ? 0 : packed.below(nodes.oldest.position)
    const kept = Math.max(first, packed.length - most)
    const dropped = packed.length - kept
    if (dropped > 0) this.setPacked(user, packed.first(kept))
    return dropped
  }

  /** A reader has been answered from what was made of the user's list. */
  shown(user: CachedUser): void {
    user.hotUsed = true
    this.#charge(user)
    // Also where a pin has kept what is too much.
    this.#options.grew()
  }

  /** Brings down what objects take, from the user on whose turn it is. */
  cool(maxBytes: number): void {
    let left = this.#hot.size
    for (const user of this.#hot) {
      if (this.hotBytes <= maxBytes || left-- === 0) return
      this.#hot.delete(user)
      if (user.hotUsed || user.pins > 0) {
        user.hotUsed = false
        this.#hot.add(user)
      } else if (!this.pack(user)) this.#hot.add(user)
    }
  }

  /**
   * Packs the user's list as far as it is direct conversations, and forgets what was made to be shown. False where there is
   * no memory for the packed list: the list stays as it is.
   */
  pack(user: CachedUser): boolean {
    user.page = null
    user.packed?.forgetViews()
    for (const node of [...user.nodes, ...user.large.values()]) {
      node.view = null
      this.#chargeShown(node, 0)
    }
    const nodes = [...user.nodes].filter(({ membership }) => membership === null)
    if (nodes.length > 0) {
      // IMPORTANT: before any of them goes, or the list would lack it.
      const packed = ifMemoryAllows(() =>
        PackedList.of(
          nodes.map((node) => this.#options.pack(node)),
          user.packed,
        ),
      )
      if (packed === null) return false
      for (const node of nodes) this.#options.removeNode(node)
      user.packed = packed
    }
    this.#charge(user)
    this.#heat(user, -user.hotBytes)
    return true
  }

  /** Charges what is kept of a user beside the list (unread counts, memberships, a part of the feed) after it has changed. */
  chargeBeside(user: CachedUser): void {
    const { unread, memberships, feedAhead, besideBytes } = user
    const ofFeed = (memberships?.size ?? 0) * membershipBytes + (feedAhead?.cost ?? 0)
    const bytes = (unread?.size ?? 0) * unreadBytes + ofFeed
    if (bytes === besideBytes) return
    user.besideBytes = bytes
    this.bytes += bytes - besideBytes
    if (bytes > besideBytes) this.#options.grew()
  }

  /** What was read of a feed in advance is for seconds, and can be read again. */
  dropAhead(user: CachedUser): void {
    user.feedAhead = null
    this.chargeBeside(user)
  }

  forget(user: CachedUser): void {
    user.unread = user.memberships = user.feedAhead = null
    this.chargeBeside(user)
    this.setPacked(user, null)
    this.#heat(user, -user.hotBytes)
  }

  #charge(user: CachedUser): void {
    const { packed } = user
    const bytes = packed?.cost ?? 0
    const views = packed?.viewCost ?? 0
    this.bytes += bytes - user.packedBytes
    if (views !== user.viewBytes) this.#heat(user, views - user.viewBytes)
    if (bytes > user.packedBytes) this.#options.grew()
    user.packedBytes = bytes
    user.viewBytes = views
  }

  /** Counts bytes of objects. */
  #count(user: CachedUser, by: number): void {
    this.bytes += by
    this.#heat(user, by)
  }

  /**
   * `pack` has subtracted all of a user's hot bytes, groups included, though these stay objects: later subtractions must not go
   * below 0.
   */
  #heat(user: CachedUser, by: number): void {
    const bytes = Math.max(0, user.hotBytes + by)
    this.hotBytes += bytes - user.hotBytes
    user.hotBytes = bytes
    if (bytes === 0) this.#hot.delete(user)
    else this.#hot.add(user)
  }
}
