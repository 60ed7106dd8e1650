import type { MessageStore } from '../../src/api/message-store.js'
import type { SeededChance } from '../../src/backend/reference/seeded-chance.js'
import { isColumbaError } from '../../src/errors.js'
import type { Change } from '../../src/model/change.js'
import type { Trace } from '../../src/simulation/trace.js'
import { claim } from './finding.js'
import { ToldFeed } from './told-feed.js'

export interface SubscriberOptions {
  readonly user: string
  readonly chance: SeededChance
  readonly trace: Trace
  /** Probability that it asks for the next change before the next thing happens. */
  readonly eagerness: number
  /** Is told of each change, when the device is. */
  readonly onChange: (change: Change) => void
  readonly isClosing: () => boolean
  /** Whether a read may fail now. */
  readonly mayFail: () => boolean
}

type Feed = AsyncIterator<Change, undefined>

/** Probability that it goes away before the next thing happens, and comes back at once. */
const leaveRate = 0.002

/**
 * A device that is told live what happens to its user, and goes on behind what it was told last over crashes, closings, failed
 * reads and its own leaving.
 */
export class Subscriber {
  readonly #options: SubscriberOptions
  readonly #known: ToldFeed
  /** Of the last change. */
  #position: string | null = null
  #feed: Feed | null = null
  #asking = false
  /** Asks for the next change as soon as it has been told one. */
  #asksOn = false
  #finding: unknown
  /** The store may have lost something: then the feed may say so. */
  mayResync = false
  #mustResync = false
  /** Changes that it was told. */
  told = 0

  constructor(options: SubscriberOptions) {
    this.#options = options
    this.#known = new ToldFeed(options.user)
  }

  /** It waits for a change, or for the end. */
  get asking(): boolean {
    return this.#asking
  }

  /** Before anything has happened to its user. A subscription without a token begins now, which is then where the token stands. */
  async begin(store: MessageStore): Promise<void> {
    this.#position = (await store.getChanges(this.#options.user)).token
    this.#follow(store.subscribe(this.#options.user))
  }

  /** A store has been opened: whatever an older one still says is not heard. */
  reopened(store: MessageStore): void {
    if (this.#position !== null && !this.#mustResync) this.#resume(store)
  }

  /** Between two things that happen. */
  turn(store: MessageStore): void {
    const { chance, eagerness } = this.#options
    this.#throwFinding()
    if (this.#mustResync) return
    if (this.#feed === null) this.#resume(store)
    else if (chance.happens(leaveRate)) {
      const left = this.#feed
      this.#resume(store)
      void left.return?.()
    }
    this.#asksOn = eagerness === 1
    if (this.#asksOn || chance.happens(eagerness)) this.#ask()
  }

  /** Asks for all that there is, one after the other. */
  catchUp(): void {
    this.#asksOn = true
    this.#ask()
  }

  /** While nothing else goes on, and after it has asked for all: what it was told is what there is. */
  async verify(store: MessageStore): Promise<void> {
    this.#throwFinding()
    if (this.#mustResync) {
      this.#position = await this.#known.resync(store)
      this.#mustResync = false
      this.#resume(store)
    }
    this.mayResync = false
    await this.#known.verify(store)
  }

  #throwFinding(): void {
    if (this.#finding !== undefined) throw this.#finding as Error
  }

  #ask(): void {
    const feed = this.#feed
    if (feed === null || this.#asking) return
    this.#asking = true
    const hear = (answer: () => void): void => {
      // A process that has ended says nothing, and nobody listens to a subscription that was left.
      if (feed !== this.#feed) return
      this.#asking = false
      try {
        answer()
      } catch (error) {
        this.#finding ??= error
      }
    }
    feed.next().then(
      (next) => {
        hear(() => {
          if (next.done === true) this.#end()
          else this.#hear(next.value)
        })
      },
      (error: unknown) => {
        hear(() => {
          this.#fail(error)
        })
      },
    )
  }

  #resume(store: MessageStore): void {
    this.#follow(store.subscribe(this.#options.user, { since: this.#position as string }))
  }

  #follow(feed: AsyncIterable<Change, undefined>): void {
    this.#feed = feed[Symbol.asyncIterator]()
    this.#asking = false
  }

  #hear(change: Change): void {
    const { user, trace, onChange } = this.#options
    trace.note(`live ${user}: ${change.kind}`)
    this.told++
    this.#known.apply(change)
    onChange(change)
    this.#position = change.position
    if (this.#asksOn) this.#ask()
  }

  #end(): void {
    claim(this.#options.isClosing(), 'a subscription ends by itself', this.#options.user)
    this.#feed = null
  }

  #fail(error: unknown): void {
    const code = isColumbaError(error) ? error.code : 'no code'
    this.#options.trace.note(`live ${this.#options.user}: ${code}`)
    this.#mustResync = this.mayResync && code === 'RESYNC_REQUIRED'
    claim(
      this.#mustResync || (isColumbaError(error) && this.#options.mayFail()),
      `a subscription rejects with ${code}`,
      String(error),
    )
    this.#feed = null
  }
}
