import { andThen } from '../async/maybe-promise.js'
import type { Backend, ConversationHandle, MaybePromise } from '../backend/port.js'
import type { ConversationId } from '../model/ids.js'
import { messageCost } from '../model/message-cost.js'
import type { Message } from '../model/message.js'
import type { FeedEntry } from './feed-place.js'

/** Messages of a conversation that are read before it is known how long they are. */
const firstStep = 16

interface Span {
  readonly from: number
  to: number
  count: number
  step: Step | null
}

/** Messages that are read together, with what was found of them. */
interface Step {
  readonly from: number
  readonly to: number
  readonly messages: MaybePromise<readonly Message[]>
  found: readonly Message[]
}

/**
 * The messages that a page of a feed points to. Those of one conversation mostly follow each other, and are then read together:
 * no more of them than the page seems to have room for.
 */
export class FeedMessages {
  readonly #backend: Backend
  readonly #room: () => number
  /** Made for the second message: a page of one needs none. */
  #spans: Map<ConversationId, Span> | null = null

  /** `room`: the bytes that are left for messages. */
  constructor(backend: Backend, entries: readonly FeedEntry[], room: () => number) {
    this.#backend = backend
    this.#room = room
    if (entries.length > 1) for (const { ref } of entries) if (ref.kind === 'message') this.#extend(ref)
  }

  /** The message with this seq, which the reader may see. The caller asks for the next one when it is there. */
  get(handle: ConversationHandle, seq: number): MaybePromise<Message | null> {
    const span = this.#spans?.get(handle.id)
    const dense = span !== undefined && span.to - span.from < 2 * span.count
    if (!dense) return andThen(this.#read(handle, seq, seq), (messages) => messages[0] ?? null)
    const { step: last } = span
    const isRead = last !== null && seq >= last.from && seq <= last.to
    const step = isRead ? last : (span.step = this.#next(handle, span, seq))
    return andThen(step.messages, (found) => {
      step.found = found
      return found[seq - step.from] ?? null
    })
  }

  #extend({ conversationId, seq }: { readonly conversationId: ConversationId; readonly seq: number }): void {
    const spans = (this.#spans ??= new Map<ConversationId, Span>())
    const span = spans.get(conversationId)
    if (span === undefined || seq < span.from) {
      spans.set(conversationId, {
        from: seq,
        to: span?.to ?? seq,
        count: (span?.count ?? 0) + 1,
        step: null,
      })
    } else {
      span.to = Math.max(span.to, seq)
      span.count += 1
    }
  }

  /** Reads as many as there is room for, if they are as long as those before. */
  #next(handle: ConversationHandle, { to, step }: Span, seq: number): Step {
    const room = this.#room()
    let count = room === Infinity ? Infinity : firstStep
    if (step !== null && step.found.length > 0) {
      const bytes = step.found.reduce((sum, message) => sum + messageCost(message), 0)
      count = Math.ceil((room * step.found.length) / bytes)
    }
    const last = Math.min(to, seq + count - 1)
    return { from: seq, to: last, messages: this.#read(handle, seq, last), found: [] }
  }

  #read(handle: ConversationHandle, from: number, to: number): MaybePromise<readonly Message[]> {
    return this.#backend.messages(handle, { from, to, descending: false })
  }
}
