import { messageCost } from '../../model/message-cost.js'
import type { Message } from '../../model/message.js'
import type { ConversationEntry } from './entries.js'

/** A reference to a message that is kept anyway. */
const referenceBytes = 8

/**
 * Pages are large, a conversation without one is small, and whoever reads a page often goes on to another conversation:
 * so pages may take a part of the cache only, or they would push out the lists. Who is in turn to lose its page, and has
 * been read from since the last time, gets another turn.
 */
export class KeptPages {
  readonly #entries = new Set<ConversationEntry>()
  bytes = 0

  /** The page or the last answer of a conversation is another one, or gone. */
  changed(entry: ConversationEntry): void {
    const bytes = pageBytes(entry)
    this.bytes += bytes - entry.pageBytes
    entry.pageBytes = bytes
    if (bytes === 0) this.#entries.delete(entry)
    else this.#entries.add(entry)
  }

  trim(maxBytes: number): void {
    for (const entry of this.#entries) {
      if (this.bytes <= maxBytes) return
      this.#entries.delete(entry)
      if (entry.pageUsed) {
        entry.pageUsed = false
        this.#entries.add(entry)
        continue
      }
      entry.page = null
      entry.answer = null
      this.changed(entry)
    }
  }
}

function pageBytes({ page, answer }: ConversationEntry): number {
  return bytesOf(page ?? []) + (answer === null ? 0 : bytesOfAnswer(answer.items, page))
}

function bytesOf(messages: readonly Message[]): number {
  let bytes = 0
  for (const message of messages) bytes += messageCost(message)
  return bytes
}

/** The answer about the newest messages consists of the page's. */
function bytesOfAnswer(items: readonly Message[], page: readonly Message[] | null): number {
  const kept = page?.at(-1)
  const isOfPage = kept !== undefined && (items[0] === kept || items.at(-1) === kept)
  return isOfPage ? items.length * referenceBytes : bytesOf(items)
}
