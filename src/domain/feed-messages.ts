import { andThen } from '../async/maybe-promise.js'
import type { Backend, ConversationHandle, MaybePromise } from '../backend/port.js'
import type { ConversationId } from '../model/ids.js'
import type { Message } from '../model/message.js'
import type { FeedEntry } from './feed-place.js'

interface Span {
  readonly from: number
  to: number
  count: number
  messages: MaybePromise<readonly Message[]> | undefined
}

/**
 * The messages that a page of a feed points to. Those of one conversation mostly follow each other, and are then read
 * together.
 */
export class FeedMessages {
  readonly #backend: Backend
  /** Made for the second message: a page of one needs none. */
  #spans: Map<ConversationId, Span> | null = null

  constructor(backend: Backend, entries: readonly FeedEntry[]) {
    this.#backend = backend
    if (entries.length > 1) for (const { ref } of entries) if (ref.kind === 'message') this.#extend(ref)
  }

  /** The message with this seq, which the reader may see. */
  get(handle: ConversationHandle, seq: number): MaybePromise<Message | null> {
    const span = this.#spans?.get(handle.id)
    const dense = span !== undefined && span.to - span.from < 2 * span.count
    if (!dense) return andThen(this.#read(handle, seq, seq), (messages) => messages[0] ?? null)
    span.messages ??= this.#read(handle, span.from, span.to)
    return andThen(span.messages, (messages) => messages[seq - span.from] ?? null)
  }

  #extend({ conversationId, seq }: { readonly conversationId: ConversationId; readonly seq: number }): void {
    const spans = (this.#spans ??= new Map<ConversationId, Span>())
    const span = spans.get(conversationId)
    if (span === undefined || seq < span.from) {
      spans.set(conversationId, {
        from: seq,
        to: span?.to ?? seq,
        count: (span?.count ?? 0) + 1,
        messages: undefined,
      })
    } else {
      span.to = Math.max(span.to, seq)
      span.count += 1
    }
  }

  #read(handle: ConversationHandle, from: number, to: number): MaybePromise<readonly Message[]> {
    return this.#backend.messages(handle, { from, to, descending: false })
  }
}
