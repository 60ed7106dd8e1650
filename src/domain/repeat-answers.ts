import { createHash } from 'node:crypto'
import { andThen } from '../async/maybe-promise.js'
import type { ConversationHandle, Found } from '../backend/port.js'
import { ColumbaError } from '../errors.js'
import type { MessageId } from '../model/ids.js'
import type { MessageDraft, SendReceipt } from '../model/message.js'
import { shownId } from '../model/message-ids.js'
import type { DomainContext } from './context.js'

/** What of a message is compared when its key comes again. */
type Content = Pick<MessageDraft, 'text' | 'attributes'>

/**
 * Answers that store nothing: to repeats, and to messages that can only be repeats. So many of them wait as calls may wait for
 * the log, in an account of their own: they take no room from what is to be stored, and none of them keeps its text.
 */
export class RepeatAnswers {
  readonly #context: DomainContext
  #waiting = 0

  constructor(context: DomainContext) {
    this.#context = context
  }

  /**
   * The answer to a draft whose key was found, once the message it repeats is durable. As long as a slow disk keeps that one
   * waiting, phones repeat it again and again.
   */
  answer(handle: ConversationHandle, draft: MessageDraft, found: Found): Promise<SendReceipt> {
    const answer = answerTo(handle, draft.id, found, isSame(draft, found))
    const { settled } = found
    if (settled === null) return Promise.resolve().then(answer)
    return this.#wait(() => settled.then(answer))
  }

  /**
   * The answer to a draft beyond the limits of today, which may be the repeat of one from times of greater limits; with a new
   * key it is refused with `excess`. Its conversation may have to be read for that, and clients that know no limits are many:
   * what waits meanwhile is a digest.
   */
  answerOrRefuse(
    handle: ConversationHandle,
    draft: MessageDraft,
    excess: ColumbaError,
  ): Promise<SendReceipt> {
    return this.#wait(() => this.#lookFor(handle, draft, excess))
  }

  #lookFor(handle: ConversationHandle, draft: MessageDraft, excess: ColumbaError): Promise<SendReceipt> {
    const { backend, lanes } = this.#context
    // IMPORTANT: what is called later takes these, and nothing else of the draft: its text must not wait.
    const { sender, id } = draft
    const digest = digestOf(draft)
    const found = lanes.look(handle, () =>
      andThen(backend.load(handle, sender), () =>
        andThen(backend.find(handle, sender, id), (message) => {
          if (message === null) throw excess
          const answer = answerTo(handle, id, message, digestOf(message) === digest)
          return { settled: message.settled, answer }
        }),
      ),
    )
    // Outside of the lane: others need not wait until the message is durable.
    return found.then(({ settled, answer }) => (settled === null ? answer() : settled.then(answer)))
  }

  #wait(begin: () => Promise<SendReceipt>): Promise<SendReceipt> {
    const { queueCalls } = this.#context.limits
    if (this.#waiting >= queueCalls) return Promise.reject(tooManyRepeats(queueCalls))
    const answer = begin()
    this.#waiting += 1
    return answer.finally(() => {
      this.#waiting -= 1
    })
  }
}

/** The receipt of the message that was found; throws IDEMPOTENCY_CONFLICT if the draft repeats only its id. */
export function receiptOfRepeat(handle: ConversationHandle, draft: MessageDraft, found: Found): SendReceipt {
  return receiptOf(handle, draft.id, found, isSame(draft, found))
}

function receiptOf(
  handle: ConversationHandle,
  id: MessageId,
  { seq, timestamp }: Found,
  same: boolean,
): SendReceipt {
  if (!same) {
    throw new ColumbaError('IDEMPOTENCY_CONFLICT', 'the same id was used for a message with other content', {
      seq,
    })
  }
  return { conversationId: handle.id, seq, messageId: shownId(id), timestamp, duplicate: true }
}

/** The answer, worked out now and given later. IMPORTANT: what it gives holds on to no text. */
function answerTo(handle: ConversationHandle, id: MessageId, found: Found, same: boolean): () => SendReceipt {
  try {
    return giving(receiptOf(handle, id, found, same))
  } catch (error) {
    return throwing(error)
  }
}

function isSame(a: Content, b: Content): boolean {
  return a.text === b.text && a.attributes === b.attributes
}

/** Stands for a content where it is compared. No zero is in JSON, so the first one ends the attributes. */
function digestOf({ text, attributes }: Content): string {
  const content = createHash('sha256').update(attributes ?? '')
  return content.update('\0').update(text).digest('base64url')
}

function giving<T>(value: T): () => T {
  return () => value
}

function throwing(error: unknown): () => never {
  return () => {
    throw error
  }
}

function tooManyRepeats(limit: number): ColumbaError {
  return new ColumbaError('OVERLOADED', 'too many wait for the message that they may repeat', { limit })
}
