import { messageCost } from '../../model/message-cost.js'
import type { Message } from '../../model/message.js'
import type { ConversationEntry } from './entries.js'
import type { KeptMessagesAnswer } from './kept-answers.js'

/** A reference to a message that is kept anyway. */
const referenceBytes = 8
/**
 * What a short last message costs at most. This decides whether what shows it may keep it. Whether a row of a list has it is
 * another question, which its bytes decide (`excerptBytes`, rows.ts): what has no attributes and fits into a row is short, but
 * one with attributes may fit and be long, and a short one not fit.
 */
const longestShort = 2560

export interface KeptMessagesOptions {
  /** A conversation's last message is another one, or gone, and counts as part of the conversation: it is short. */
  readonly changed: (entry: ConversationEntry) => void
  /** The cache may be too large now. */
  readonly grew: () => void
}

/**
 * The account of the messages that are kept as objects: a conversation's newest page, the last answer, and a long last message.
 * These are large, a conversation without them is small, and a reader of a page often goes on to another conversation: so they
 * may take a part of the cache only, or they would push out the lists. A conversation that is in turn to lose them gets another
 * turn if a reader was answered from them since the last one. A short last message is a part of its conversation, and stays as
 * long as a row in memory shows it.
 */
export class KeptMessages {
  readonly #options: KeptMessagesOptions
  /** Conversations that have some of this, the next in turn first. */
  readonly #entries = new Set<ConversationEntry>()
  bytes = 0

  constructor(options: KeptMessagesOptions) {
    this.#options = options
  }

  keepPage(entry: ConversationEntry, page: readonly Message[]): void {
    if (!entry.inMemory) return
    const before = entry.pageBytes
    entry.page = page
    entry.pageBytes = bytesOf(page)
    this.#charge(entry, entry.pageBytes - before)
  }

  keepAnswer(entry: ConversationEntry, answer: KeptMessagesAnswer): void {
    if (!entry.inMemory) return
    const before = entry.answerBytes
    entry.answer = answer
    entry.answerBytes = bytesOfAnswer(answer.items, entry.page)
    this.#charge(entry, entry.answerBytes - before)
  }

  /**
   * The newest message of the conversation. A short one also if the page has it: what shows it does not go with the page. A
   * long one that the page has goes with that.
   */
  keepLast(entry: ConversationEntry, message: Message): void {
    if (!entry.inMemory || entry.lastMessage === message) return
    const bytes = messageCost(message)
    if (bytes > longestShort && message === entry.page?.at(-1)) return
    this.forgetLast(entry)
    entry.lastMessage = message
    if (bytes > longestShort) {
      entry.longBytes = bytes
      this.#charge(entry, bytes)
    } else {
      entry.shortBytes = bytes
      this.#options.changed(entry)
      this.#options.grew()
    }
  }

  /** The conversation's last message, or a former one, takes so much that nothing may keep it but this. */
  isLong(entry: ConversationEntry, message: Message): boolean {
    return message === entry.lastMessage ? entry.longBytes > 0 : messageCost(message) > longestShort
  }

  /** The conversation has a newer message: no reader is answered with the last one again. */
  outdate(entry: ConversationEntry): void {
    this.forgetLast(entry)
    if (entry.answer !== null) this.#forgetAnswer(entry)
  }

  /** Lets go of the last message, which no row in memory shows: it stands packed, in a generation or on the disk. */
  forgetLast(entry: ConversationEntry): void {
    if (entry.lastMessage === undefined) return
    const { shortBytes, longBytes } = entry
    entry.lastMessage = undefined
    entry.shortBytes = entry.longBytes = 0
    if (shortBytes > 0) this.#options.changed(entry)
    if (longBytes > 0) this.#charge(entry, -longBytes)
  }

  /** The conversation leaves memory. */
  forget(entry: ConversationEntry): void {
    this.outdate(entry)
    if (entry.page !== null) this.#forgetPage(entry)
  }

  trim(maxBytes: number): void {
    for (const entry of this.#entries) {
      if (this.bytes <= maxBytes) return
      this.#entries.delete(entry)
      if (entry.messagesUsed) {
        entry.messagesUsed = false
        this.#entries.add(entry)
        continue
      }
      if (entry.page !== null) this.#forgetPage(entry)
      if (entry.answer !== null) this.#forgetAnswer(entry)
      if (entry.longBytes > 0) this.forgetLast(entry)
    }
  }

  #forgetPage(entry: ConversationEntry): void {
    const { pageBytes } = entry
    entry.page = null
    entry.pageBytes = 0
    this.#charge(entry, -pageBytes)
  }

  #forgetAnswer(entry: ConversationEntry): void {
    const { answerBytes } = entry
    entry.answer = null
    entry.answerBytes = 0
    this.#charge(entry, -answerBytes)
  }

  #charge(entry: ConversationEntry, more: number): void {
    this.bytes += more
    if (entry.pageBytes + entry.answerBytes + entry.longBytes === 0) this.#entries.delete(entry)
    else this.#entries.add(entry)
    if (more > 0) this.#options.grew()
  }
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
