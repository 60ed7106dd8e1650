import { andThen } from '../async/maybe-promise.js'
import type { ConversationHandle, MaybePromise } from '../backend/port.js'
import { ColumbaError } from '../errors.js'
import { mayRead } from '../model/conversation.js'
import type { Participation } from '../model/conversation.js'
import type { UserId } from '../model/ids.js'
import type { Message } from '../model/message.js'
import { shownMessage } from '../model/message-ids.js'
import type { Page } from '../model/page.js'
import type { DomainContext } from './context.js'
import { readCursor, writeCursor } from './cursors.js'
import { see } from './participants.js'
import type { Seen, Target } from './participants.js'
import { above, below, countIn, newest, oldest, visibleRanges, withoutNewest } from './visible-ranges.js'
import type { Range } from './visible-ranges.js'

/** Which page of a conversation; the value is a seq, a number of messages or a cursor. */
export type HistoryPlace =
  | { readonly form: 'newest' }
  | { readonly form: 'offset' | 'before' | 'after' | 'around'; readonly value: number }
  | { readonly form: 'cursor'; readonly value: string }

/** A page before its messages are read. */
interface PagePlan {
  /** Oldest first. */
  readonly ranges: readonly Range[]
  readonly descending: boolean
  /** Where the next page begins: beyond this seq, on in the same direction; null at the end. */
  readonly next: number | null
}

/** Where the newest page of a participation lies, if it is one range; null if it is none or several. */
interface NewestPlan {
  readonly limit: number
  readonly plan: PagePlan
  readonly range: Range | null
}

interface MadePage {
  readonly plan: PagePlan
  readonly page: Page<Message>
}

const emptyPage: Page<never> = Object.freeze({ items: Object.freeze([]), next: null })

/** Reading the messages of a conversation, as far as the user may see them. Seqs count, so every place is arithmetic. */
export class History {
  readonly #context: DomainContext
  readonly #newestPlans = new WeakMap<Participation, NewestPlan>()
  /**
   * The page that was made last from messages that the backend gave; the same are the same object until something changes. It
   * lives as long as the backend keeps these: a participation lives longer, and would hold pages that are in no account.
   */
  readonly #made = new WeakMap<readonly Message[], MadePage>()

  constructor(context: DomainContext) {
    this.#context = context
  }

  page(user: UserId, target: Target, place: HistoryPlace, limit: number): MaybePromise<Page<Message>> {
    return andThen(see(this.#context, user, target), (seen) => this.#page(user, seen, place, limit))
  }

  /** MESSAGE_NOT_FOUND for a seq that is not there or that the user may not see. */
  message(user: UserId, target: Target, seq: number): MaybePromise<Message> {
    return andThen(see(this.#context, user, target), ({ handle, participation }) => {
      if (participation === null || seq > participation.head || !mayRead(participation, seq))
        throw notFound(seq)
      const range = { from: seq, to: seq, descending: true }
      return andThen(this.#context.backend.messages(handle, range), ([message]) => {
        if (message === undefined) throw notFound(seq)
        return shownMessage(message)
      })
    })
  }

  #page(user: UserId, seen: Seen, place: HistoryPlace, limit: number): MaybePromise<Page<Message>> {
    const { handle, participation } = seen
    if (participation === null) {
      if (place.form === 'cursor') readPlace(user, handle, place.value)
      return emptyPage
    }
    if (place.form !== 'newest')
      return this.#read(user, handle, planOf(user, handle, participation, place, limit))
    const { plan, range } = this.#newestPlan(participation, limit)
    if (range === null) return this.#read(user, handle, plan)
    return andThen(this.#messages(handle, range, true), (source) => {
      const made = this.#made.get(source)
      if (made?.plan === plan) return made.page
      const page = pageOf(user, handle, plan, source)
      this.#made.set(source, { plan, page })
      return page
    })
  }

  #newestPlan(participation: Participation, limit: number): NewestPlan {
    const known = this.#newestPlans.get(participation)
    if (known?.limit === limit) return known
    const visible = visibleRanges(participation)
    const plan = descendingFrom(visible, visible, limit)
    const range = plan.ranges.length === 1 ? (plan.ranges[0] as Range) : null
    const made = { limit, plan, range }
    this.#newestPlans.set(participation, made)
    return made
  }

  #read(user: UserId, handle: ConversationHandle, plan: PagePlan): MaybePromise<Page<Message>> {
    const ranges = plan.descending ? plan.ranges.toReversed() : plan.ranges
    let messages: MaybePromise<readonly Message[]> = []
    for (const range of ranges) {
      messages = andThen(messages, (before) =>
        andThen(this.#messages(handle, range, plan.descending), (found) =>
          before.length === 0 ? found : [...before, ...found],
        ),
      )
    }
    return andThen(messages, (found) => pageOf(user, handle, plan, found))
  }

  #messages(handle: ConversationHandle, range: Range, descending: boolean): MaybePromise<readonly Message[]> {
    return this.#context.backend.messages(handle, { from: range.from, to: range.to, descending })
  }
}

function planOf(
  user: UserId,
  handle: ConversationHandle,
  participation: Participation,
  place: Exclude<HistoryPlace, { form: 'newest' }>,
  limit: number,
): PagePlan {
  const visible = visibleRanges(participation)
  switch (place.form) {
    case 'offset':
      return descendingFrom(visible, withoutNewest(visible, place.value), limit)
    case 'before':
      return descendingFrom(visible, below(visible, place.value), limit)
    case 'after':
      return ascendingFrom(visible, place.value, limit)
    case 'around': {
      // The newer half first; where there is less of one side, the other fills the page.
      const newer = oldest(above(visible, place.value), Math.floor((limit - 1) / 2))
      const upTo = newer.at(-1)?.to ?? place.value
      const page = newest(below(visible, upTo + 1), limit)
      const missing = limit - countIn(page)
      const wider = oldest(above(visible, upTo), missing).at(-1)?.to ?? upTo
      return descendingFrom(visible, below(visible, wider + 1), limit)
    }
    case 'cursor': {
      const [direction, seq] = readPlace(user, handle, place.value)
      if (direction === 'newer') return ascendingFrom(visible, seq, limit)
      return descendingFrom(visible, below(visible, seq), limit)
    }
  }
}

function descendingFrom(visible: readonly Range[], rest: readonly Range[], limit: number): PagePlan {
  const ranges = newest(rest, limit)
  const last = ranges[0]?.from
  const more = last !== undefined && last > (visible[0]?.from ?? last)
  return { ranges, descending: true, next: more ? last : null }
}

function ascendingFrom(visible: readonly Range[], after: number, limit: number): PagePlan {
  const ranges = oldest(above(visible, after), limit)
  const last = ranges.at(-1)?.to
  const more = last !== undefined && last < (visible.at(-1)?.to ?? last)
  return { ranges, descending: false, next: more ? last : null }
}

function pageOf(
  user: UserId,
  handle: ConversationHandle,
  { descending, next }: PagePlan,
  messages: readonly Message[],
): Page<Message> {
  return Object.freeze({
    items: Object.freeze(messages.map(shownMessage)),
    next: next === null ? null : writeCursor(scopeOf(user, handle), [descending ? 'older' : 'newer', next]),
  })
}

function readPlace(user: UserId, handle: ConversationHandle, cursor: string) {
  return readCursor(scopeOf(user, handle), cursor, ['name', 'number'])
}

function scopeOf(user: UserId, handle: ConversationHandle) {
  return ['messages', user, handle.id] as const
}

function notFound(seq: number): ColumbaError {
  return new ColumbaError('MESSAGE_NOT_FOUND', 'there is no such message', { seq })
}
