import { onAbort } from '../async/on-abort.js'
import type { MaybePromise } from '../backend/port.js'
import { isColumbaError } from '../errors.js'
import type { Change } from '../model/change.js'
import type { FeedPlace } from './feed-place.js'
import type { FeedPage } from './feed-reader.js'

/** What a subscription needs of the store. */
export interface SubscriptionSource {
  /** True if it begins before what there is now: there may be much to catch up with. */
  readonly startsBehind: boolean
  /** Where it starts; asked at once, since a subscription counts from the call. */
  start(): MaybePromise<FeedPlace>
  /**
   * Asked before each read: if subscriptions have had their share of the event loop's turn, the next one to wait for.
   * `isBehind`: the last page was not the end, or none has been read since it started behind.
   */
  turn(isBehind: boolean): Promise<void> | null
  read(place: FeedPlace): MaybePromise<FeedPage>
  /** Calls the listener when there may be something to read; returns the function that ends it. */
  watch(listener: () => void): () => void
  /** Calls the listener when the store begins to close; returns the function that takes it off again. */
  onClosing(listener: () => void): () => void
  isOpen(): boolean
}

interface Waiter {
  resolve(result: IteratorResult<Change, undefined>): void
  reject(error: unknown): void
}

const nextTick = Promise.resolve()
const done: IteratorResult<Change, undefined> = Object.freeze({ done: true, value: undefined })

/**
 * A user's feed as it grows. Its state is a place in the stored feed: it reads a page when the consumer waits and there may be
 * something, so that a slow consumer keeps one page in memory and never more. Hints of the backend only say when to look; many
 * in one tick are one look. When all subscriptions have read enough in one turn of the event loop, it waits for another. What
 * runs only while a consumer waits (watch, abort listener) starts with the first wait, so a subscription that is never iterated
 * holds nothing.
 */
export class Subscription implements AsyncIterableIterator<Change, undefined> {
  readonly #source: SubscriptionSource
  readonly #signal: AbortSignal | undefined
  readonly #waiting: Waiter[] = []
  #place: FeedPlace | undefined
  #failure: { readonly error: unknown } | undefined
  #buffer: readonly Change[] = []
  #taken = 0
  /** There may be something after `place`. */
  #stale = true
  #isBehind: boolean
  #reading = false
  #looking = false
  #ended = false
  #release: (() => void) | undefined

  constructor(source: SubscriptionSource, signal: AbortSignal | undefined) {
    this.#source = source
    this.#isBehind = source.startsBehind
    this.#signal = signal
    this.#start()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** May be called again before earlier calls are answered; they are answered in order. */
  next(): Promise<IteratorResult<Change, undefined>> {
    if (this.#signal?.aborted === true || !this.#source.isOpen()) this.end()
    if (this.#failure !== undefined) {
      const { error } = this.#failure
      this.#failure = undefined
      return Promise.reject(error)
    }
    if (this.#ended) return Promise.resolve(done)
    const change = this.#take()
    if (change !== undefined) return Promise.resolve({ done: false, value: change })
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#listen()
      this.#pull()
    })
  }

  return(): Promise<IteratorResult<Change, undefined>> {
    this.end()
    return Promise.resolve(done)
  }

  /** Answers all waiting calls with the end, and lets go of everything; a later failure is not told. Idempotent. */
  end(): void {
    this.#failure = undefined
    this.#finish()
  }

  #finish(): void {
    this.#ended = true
    this.#buffer = []
    this.#taken = 0
    for (const waiter of this.#waiting.splice(0)) waiter.resolve(done)
    const release = this.#release
    this.#release = undefined
    release?.()
  }

  #start(): void {
    try {
      const place = this.#source.start()
      if (place instanceof Promise) {
        this.#reading = true
        place.then(
          (known) => {
            this.#reading = false
            this.#place = known
            this.#pull()
          },
          (error: unknown) => {
            this.#fail(error)
          },
        )
      } else {
        this.#place = place
      }
    } catch (error) {
      this.#fail(error)
    }
  }

  #listen(): void {
    if (this.#release !== undefined) return
    const unwatch = this.#source.watch(() => {
      this.#hint()
    })
    const end = (): void => {
      this.end()
    }
    const stayOpen = this.#source.onClosing(end)
    const stayUnaborted = this.#signal === undefined ? undefined : onAbort(this.#signal, end)
    this.#release = () => {
      unwatch()
      stayOpen()
      stayUnaborted?.()
    }
  }

  #hint(): void {
    this.#stale = true
    if (this.#looking || this.#waiting.length === 0) return
    this.#looking = true
    // Not `queueMicrotask`: it costs several times as much.
    void nextTick.then(this.#look)
  }

  readonly #look = (): void => {
    this.#looking = false
    this.#pull()
  }

  /** Reads as long as a call waits and there may be something. */
  #pull(): void {
    while (this.#wantsToRead()) {
      const turn = this.#source.turn(this.#isBehind)
      if (turn === null) this.#read()
      else this.#readAfter(turn)
    }
  }

  #wantsToRead(): boolean {
    return (
      this.#place !== undefined && this.#stale && this.#waiting.length > 0 && !this.#reading && !this.#ended
    )
  }

  /** The waiting calls may be gone by then. */
  #readAfter(turn: Promise<void>): void {
    this.#reading = true
    void turn.then(() => {
      this.#reading = false
      if (this.#wantsToRead()) this.#read()
      this.#pull()
    })
  }

  #read(): void {
    // IMPORTANT: before the read, so that a hint that comes during it leads to another one.
    this.#stale = false
    try {
      const page = this.#source.read(this.#place as FeedPlace)
      if (page instanceof Promise) this.#await(page)
      else this.#accept(page)
    } catch (error) {
      this.#fail(error)
    }
  }

  #await(page: Promise<FeedPage>): void {
    this.#reading = true
    page.then(
      (known) => {
        this.#reading = false
        this.#accept(known)
        this.#pull()
      },
      (error: unknown) => {
        this.#fail(error)
      },
    )
  }

  #accept({ changes, place, more }: FeedPage): void {
    if (this.#ended) return
    this.#place = place
    this.#buffer = changes
    this.#taken = 0
    this.#isBehind = more
    if (more) this.#stale = true
    while (this.#waiting.length > 0) {
      const change = this.#take()
      if (change === undefined) return
      this.#waiting.shift()?.resolve({ done: false, value: change })
    }
  }

  #take(): Change | undefined {
    const change = this.#buffer[this.#taken]
    if (change !== undefined) this.#taken += 1
    return change
  }

  /** An error goes to the first waiting call, or to the next one; a closed store is not an error but the end. */
  #fail(error: unknown): void {
    if (this.#ended) return
    if (!isColumbaError(error, 'CLOSED')) {
      const waiter = this.#waiting.shift()
      if (waiter === undefined) this.#failure = { error }
      else waiter.reject(error)
    }
    this.#finish()
  }
}
