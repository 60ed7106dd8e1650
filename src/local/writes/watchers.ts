import type { Notifier } from '../../backend/notifier.js'
import type { ConversationId, UserId } from '../../model/ids.js'

/** More generations are rarely live. */
const keptGenerations = 8

/** What is known of the news of a user as long as the user is watched. */
class Watched {
  watches = 0
  /** Everything above this position has been heard of. */
  readonly since: number
  /** The user's newest news is not above this. */
  newest = 0
  /** Of each live generation with news: the position before it, and the newest news of the time before. Oldest first. */
  readonly before: { readonly after: number; readonly newest: number }[] = []
  /** The user's groups, present and former; null as long as they have not been read. */
  groups: Set<ConversationId> | null = null

  constructor(since: number) {
    this.since = since
  }
}

/**
 * The watched users, and when there was news for them. Only users whom a message of a large group concerns are woken by it, and
 * a subscriber that comes seldom is spared a look into the shards: one that has heard of nothing since its place in the feed
 * has missed nothing, however many generations have been flushed meanwhile.
 */
export class Watchers {
  readonly #notifier: Notifier
  readonly #users = new Map<UserId, Watched>()
  readonly #ofGroup = new Map<ConversationId, Set<UserId>>()
  /** Users whose groups have not been read yet: whatever happens in a group may concern them. */
  readonly #unread = new Set<UserId>()

  constructor(notifier: Notifier) {
    this.#notifier = notifier
  }

  /** True if users are watched; false spares the trouble of naming them. */
  get any(): boolean {
    return this.#users.size > 0
  }

  /** `position` is the newest one of the store; from here on everything is noted. */
  watch(user: UserId, listener: () => void, position: number): () => void {
    let watched = this.#users.get(user)
    if (watched === undefined) {
      watched = new Watched(position)
      this.#users.set(user, watched)
      this.#unread.add(user)
    }
    const known = watched
    known.watches++
    const end = this.#notifier.watch(user, listener)
    let ended = false
    return () => {
      end()
      if (!ended && --known.watches === 0) this.#forget(user, known)
      ended = true
    }
  }

  /** Tells which groups a user has or had a part in; later ones are told one by one. */
  learn(user: UserId, groups: Iterable<ConversationId>): void {
    const watched = this.#users.get(user)
    if (watched === undefined || watched.groups !== null) return
    watched.groups = new Set()
    this.#unread.delete(user)
    for (const group of groups) this.joined(user, group)
  }

  joined(user: UserId, group: ConversationId): void {
    const groups = this.#users.get(user)?.groups ?? null
    if (groups === null) return
    groups.add(group)
    const users = this.#ofGroup.get(group)
    if (users === undefined) this.#ofGroup.set(group, new Set([user]))
    else users.add(user)
  }

  /** Watched users who may have a part in the group. */
  *ofGroup(group: ConversationId): Iterable<UserId> {
    yield* this.#unread
    yield* this.#ofGroup.get(group) ?? []
  }

  /** Notes that there was news for `users` up to `position`, in the generation that began after `after`. */
  note(users: Iterable<UserId>, position: number, after: number): void {
    for (const user of users) {
      const watched = this.#users.get(user)
      if (watched === undefined) continue
      const { before, newest } = watched
      if (newest <= after) before.push({ after, newest })
      // Without the oldest ones less is known to be quiet, nothing wrongly.
      if (before.length > keptGenerations) before.shift()
      watched.newest = position
    }
  }

  publish(users: Iterable<UserId>): void {
    for (const user of users) this.#notifier.publish(user)
  }

  /** True if nothing concerned the user above `after`, up to `boundary`: the end of what has been flushed. */
  isQuiet(user: UserId, after: number, boundary: number): boolean {
    const watched = this.#users.get(user)
    if (watched === undefined || after < watched.since) return false
    const { before } = watched
    while (before.length > 0 && (before[0] as { after: number }).after < boundary) before.shift()
    return (before[0]?.newest ?? watched.newest) <= after
  }

  #forget(user: UserId, watched: Watched): void {
    if (this.#users.get(user) !== watched) return
    this.#users.delete(user)
    this.#unread.delete(user)
    for (const group of watched.groups ?? []) {
      const users = this.#ofGroup.get(group)
      users?.delete(user)
      if (users?.size === 0) this.#ofGroup.delete(group)
    }
  }
}
