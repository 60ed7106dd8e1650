import { andThen } from '../async/maybe-promise.js'
import type { Backend, MaybePromise } from '../backend/port.js'
import type { Change } from '../model/change.js'
import type { UserId } from '../model/ids.js'
import type { DomainContext } from './context.js'
import { FeedPace } from './feed-pace.js'
import { formatFeedPlace, parseFeedPlace } from './feed-place.js'
import type { FeedPlace } from './feed-place.js'
import { FeedReader, type FeedPage } from './feed-reader.js'
import { requireUser } from './participants.js'
import { Subscription } from './subscription.js'

export interface ChangesPage {
  readonly changes: readonly Change[]
  /** Goes back in as `since`. */
  readonly token: string
  readonly hasMore: boolean
}

export interface ChangesQuery {
  readonly since?: string | undefined
  readonly limit: number
}

export interface FeedStart {
  readonly since?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** What a subscription keeps of messages and profiles, and at most one more: its slow consumer may never come back. */
const subscriptionBytes = 1024 * 1024

/** What changed for a user: the feed in pages and live. */
export class Changes {
  readonly #context: DomainContext
  readonly #backend: Backend
  readonly #reader: FeedReader
  readonly #pace: FeedPace

  constructor(context: DomainContext) {
    this.#context = context
    this.#backend = context.backend
    this.#reader = new FeedReader(context)
    this.#pace = new FeedPace(context.clock)
  }

  /** Changes after the token `since`, oldest first. Without `since` none: the token of now. */
  async getChanges(user: UserId, { since, limit }: ChangesQuery): Promise<ChangesPage> {
    const changes: Change[] = []
    let place = await this.#start(user, since)
    let hasMore = since !== undefined
    for (let isBehind = false; hasMore && changes.length < limit; isBehind = true) {
      // A caller whose call runs out of time begins anew: it does not wait for all who catch up.
      const turn = this.#pace.turn(isBehind, false)
      if (turn !== null) await turn
      const page = await this.#read(user, place, limit - changes.length)
      changes.push(...page.changes)
      place = page.place
      hasMore = page.more
    }
    return Object.freeze({
      changes: Object.freeze(changes),
      token: formatFeedPlace(this.#backend, place),
      hasMore,
    })
  }

  /**
   * The feed as it grows, from the call on or from `since`. It ends without an error when the signal aborts and when the store
   * closes. An unusable token rejects the first `next()` with INVALID_ARGUMENT or RESYNC_REQUIRED.
   */
  subscribe(user: UserId, { since, signal }: FeedStart = {}): Subscription {
    const { limits, lifecycle } = this.#context
    return new Subscription(
      {
        startsBehind: since !== undefined,
        start: () => this.#start(user, since),
        turn: (isBehind) => this.#pace.turn(isBehind),
        read: (place) => this.#read(user, place, limits.subscriptionChanges, subscriptionBytes),
        watch: (listener) => this.#backend.watch(user, listener),
        onClosing: (listener) => lifecycle.onClosing(listener),
        isOpen: () => lifecycle.state === 'open',
      },
      signal,
    )
  }

  #read(user: UserId, place: FeedPlace, limit: number, room?: number): MaybePromise<FeedPage> {
    return this.#pace.read(() => this.#reader.read(user, place, limit, room))
  }

  /** The place after `since`, or after what the user sees at the call. */
  #start(user: UserId, since: string | undefined): MaybePromise<FeedPlace> {
    const place: MaybePromise<FeedPlace> =
      since === undefined
        ? andThen(this.#backend.latest(user), (position) => ({ position, within: undefined }))
        : parseFeedPlace(this.#backend, since)
    return andThen(requireUser(this.#context, user, 'userId'), () => place)
  }
}
