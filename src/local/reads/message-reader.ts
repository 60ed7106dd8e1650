import { andThen } from '../../async/maybe-promise.js'
import type { MaybePromise } from '../../backend/port.js'
import type { RunRow } from '../../formats/rows.js'
import type { Message } from '../../model/message.js'
import { asMessage, asStored, BlockReader, lost, ownerOf, type Maker } from './block-reader.js'
import type { BodyFiles } from '../bodies/body-files.js'
import type { ConversationEntry } from '../memory/entries.js'
import { whileHeld } from '../memory/holds.js'
import type { MessageRange } from '../memory/kept-answers.js'
import type { Memory } from '../memory/memory.js'
import type { RowReader } from './row-reader.js'
import { liveMessage, toMessage, type StoredMessage } from './stored-message.js'

/** Messages of the newest page that are kept as objects. */
const pageMessages = 100
const runsFirst = 4
const runsPerBatch = 32
/** Messages before the newest one that are kept with it. */
const besideNewest = 49

interface Numbered {
  readonly seq: number
}

/** Messages down to `from`, and what was found of them so far, descending. */
interface Reading<T> {
  readonly entry: ConversationEntry
  readonly from: number
  readonly make: Maker<T>
  readonly found: T[]
}

/**
 * Reads messages: from the kept page, from the bytes of live generations, at last from body files. What has left the
 * live generations is in the shards for good, so the parts never contradict each other.
 */
export class MessageReader {
  readonly #memory: Memory
  readonly #rows: RowReader
  readonly #blocks: BlockReader
  /** Conversations of which a caller's look has read the newest messages, and is counted: the next read is part of that look. */
  readonly #counted = new WeakSet<ConversationEntry>()

  constructor(parts: { readonly memory: Memory; readonly rows: RowReader; readonly bodies: BodyFiles }) {
    this.#memory = parts.memory
    this.#rows = parts.rows
    this.#blocks = new BlockReader(parts.rows, parts.bodies)
  }

  read(entry: ConversationEntry, range: MessageRange): MaybePromise<readonly Message[]> {
    const { answer } = entry
    if (
      answer !== null &&
      answer.from === range.from &&
      answer.to === range.to &&
      answer.descending === range.descending
    ) {
      this.#memory.counters.hits++
      entry.messagesUsed = true
      return answer.items
    }
    if (range.from === range.to && range.to === entry.durableHead) {
      const newest = this.#newestInMemory(entry)
      if (newest !== null) return Object.freeze([newest])
    }
    const items = this.#fromMemory(entry, range)
    if (items !== null) {
      this.#count(entry, true)
      return this.#finish(entry, range, items)
    }
    const { reads } = this.#rows
    const read = this.#fromShards(entry, range)
    this.#count(entry, !(read instanceof Promise) && this.#rows.reads === reads)
    return read
  }

  #count(entry: ConversationEntry, isHit: boolean): void {
    if (this.#counted.delete(entry)) return
    if (isHit) this.#memory.counters.hits++
    else this.#memory.counters.misses++
  }

  /** One message, with its position. */
  one(entry: ConversationEntry, seq: number): MaybePromise<StoredMessage> {
    const live = liveMessage(entry, seq)
    return live ?? andThen(this.stored(entry, seq, seq), (found) => found[0] as StoredMessage)
  }

  /** Messages that have left the live generations, ascending. Throws CORRUPT if one of them is not there. */
  stored(entry: ConversationEntry, from: number, to: number): MaybePromise<StoredMessage[]> {
    return this.#read(entry, from, to, asStored)
  }

  #read<T extends Numbered>(
    entry: ConversationEntry,
    from: number,
    to: number,
    make: Maker<T>,
  ): MaybePromise<T[]> {
    const turn = this.#rows.turn(ownerOf(entry))
    if (turn !== null) return turn.then(() => this.#read(entry, from, to, make))
    const found: T[] = []
    for (let below = to; below >= from;) {
      const near = this.#blocks.upTo(entry, from, below, make)
      if (near === null || near instanceof Promise)
        return this.#readLater({ entry, from, make, found }, below, near)
      // Mostly all of it lies in one block.
      if (below === to && near[0]?.seq === from && near.at(-1)?.seq === to) return near
      below = takeBelow(entry, found, near, below)
    }
    return found.reverse()
  }

  /** Goes on with what `near` brings, below what was found. */
  async #readLater<T extends Numbered>(
    reading: Reading<T>,
    to: number,
    first: MaybePromise<T[]> | null,
  ): Promise<T[]> {
    const { entry, from, make, found } = reading
    let near = first
    let batch = runsFirst
    for (let below = to; below >= from;) {
      if (near !== null) below = takeBelow(entry, found, await near, below)
      else {
        below = await this.#takeRuns(reading, below, batch)
        batch = runsPerBatch
      }
      near = below < from ? null : this.#blocks.upTo(entry, from, below, make)
    }
    return found.reverse()
  }

  /** Adds the messages of up to so many runs; returns the seq that comes next. */
  async #takeRuns<T extends Numbered>(
    { entry, from, make, found }: Reading<T>,
    to: number,
    batch: number,
  ): Promise<number> {
    const most = Math.min(batch, to - from + 1)
    const runs = await this.#rows.runs(ownerOf(entry), entry.id, to, most, isNewestStored(entry, to))
    const wanted = runs.filter((run) => run.firstSeq + run.count > from)
    if (wanted.length === 0) throw lost(entry, to)
    const blocks = await Promise.all(wanted.map((run) => this.#blocks.read(entry, run, from, to, make)))
    let below = to
    for (const [at, messages] of blocks.entries()) {
      const { firstSeq } = wanted[at] as RunRow
      for (let i = messages.length - 1; i >= 0; i--) {
        const message = messages[i] as T
        if (message.seq <= below) found.push(message)
      }
      if (found.at(-1)?.seq !== Math.max(firstSeq, from)) throw lost(entry, below)
      below = firstSeq - 1
      if (below < from) break
    }
    return below
  }

  /** All messages of one run. */
  block(entry: ConversationEntry, run: RunRow): Promise<StoredMessage[]> {
    return this.#blocks.read(entry, run, 0, Infinity, asStored)
  }

  /**
   * The newest message, together with those that lie beside it on the disk: a reader who looks at a conversation goes on
   * reading there.
   */
  newest(entry: ConversationEntry, seq: number): MaybePromise<Message | undefined> {
    const turn = this.#rows.turn(ownerOf(entry))
    if (turn !== null) return turn.then(() => this.newest(entry, seq))
    const { reads } = this.#rows
    const near = this.#blocks.upTo(entry, seq - besideNewest, seq, asMessage)
    if (this.#rows.reads !== reads) {
      this.#memory.counters.misses++
      this.#counted.add(entry)
    }
    if (near === null) return this.#readNewest(entry, seq)
    return andThen(near, (found) => this.#keepNewest(entry, seq, found))
  }

  async #readNewest(entry: ConversationEntry, seq: number): Promise<Message | undefined> {
    const [run] = await this.#rows.runs(ownerOf(entry), entry.id, seq, 1, isNewestStored(entry, seq))
    if (run === undefined) throw lost(entry, seq)
    const from = seq - besideNewest
    return this.#keepNewest(entry, seq, await this.#blocks.read(entry, run, from, seq, asMessage))
  }

  #keepNewest(entry: ConversationEntry, seq: number, messages: readonly Message[]): Message | undefined {
    if (messages.at(-1)?.seq !== seq) throw lost(entry, seq)
    if (entry.page === null) this.#keepPage(entry, messages)
    return messages.at(-1)
  }

  /**
   * The newest message if it is in memory. Every member who is told of a message reads it alone: for that no page is begun, and
   * no answer kept.
   */
  #newestInMemory(entry: ConversationEntry): Message | null {
    const { lastMessage } = entry
    if (lastMessage?.seq === entry.durableHead) {
      this.#count(entry, true)
      entry.messagesUsed = true
      return lastMessage
    }
    const live = liveMessage(entry, entry.durableHead)
    if (live === null) return null
    this.#count(entry, true)
    const message = toMessage(entry.id, live)
    this.#memory.messages.keepLast(entry, message)
    return message
  }

  /** Ascending messages if memory has all of them, else null. */
  #fromMemory(entry: ConversationEntry, { from, to }: MessageRange): Message[] | null {
    const items: Message[] = []
    const { page } = entry
    const pageFirst = page?.[0]?.seq ?? Infinity
    const pageLast = page?.at(-1)?.seq ?? 0
    for (let seq = to; seq >= from; seq--) {
      let message: Message | undefined
      if (entry.lastMessage?.seq === seq) message = entry.lastMessage
      else if (page !== null && seq >= pageFirst && seq <= pageLast) {
        message = page[seq - pageFirst]
        entry.messagesUsed = true
      } else {
        const live = liveMessage(entry, seq)
        if (live !== null) message = toMessage(entry.id, live)
      }
      if (message === undefined) return null
      items.push(message)
    }
    return items.reverse()
  }

  #fromShards(entry: ConversationEntry, range: MessageRange): MaybePromise<readonly Message[]> {
    const items: Message[] = []
    let live = range.to
    while (live >= range.from) {
      const message = liveMessage(entry, live)
      if (message === null) break
      items.push(toMessage(entry.id, message))
      live--
    }
    // What is kept of the newest page is not read again.
    const { page } = entry
    const below = (page?.[0]?.seq ?? 0) - 1
    if (page !== null && below < live && (page.at(-1) as Message).seq >= live) {
      for (; live > below && live >= range.from; live--) items.push(page[live - below - 1] as Message)
    }
    const stored = live >= range.from ? this.#read(entry, range.from, live, asMessage) : []
    if (!(stored instanceof Promise)) return this.#finish(entry, range, withStored(items, stored))
    const answer = stored.then((found) => this.#finish(entry, range, withStored(items, found)))
    return whileHeld(this.#memory, entry, answer)
  }

  /** Keeps what is worth keeping and gives the answer in the asked order. */
  #finish(entry: ConversationEntry, range: MessageRange, ascending: Message[]): readonly Message[] {
    const isNewest = range.to === entry.durableHead && ascending.length <= pageMessages
    const { length, 0: oldest } = ascending
    // A look at the newest message alone is no reason to forget a page.
    if (isNewest && (length > 1 || (length === 1 && entry.page === null))) this.#keepPage(entry, ascending)
    else if (oldest?.seq === entry.durableHead) this.#memory.messages.keepLast(entry, oldest)
    const items = Object.freeze(range.descending ? ascending.reverse() : ascending)
    if (items.length > 0 && items.length <= pageMessages) {
      this.#memory.messages.keepAnswer(entry, { ...range, items })
    }
    return items
  }

  #keepPage(entry: ConversationEntry, ascending: readonly Message[]): void {
    const { page } = entry
    const first = (ascending[0] as Message).seq
    if (page !== null && (page[0] as Message).seq <= first && page.at(-1)?.seq === ascending.at(-1)?.seq)
      return
    this.#memory.messages.keepPage(entry, ascending.slice())
  }
}

/** Descending messages and the ascending ones below them, all of them ascending. */
function withStored(above: Message[], stored: Message[]): Message[] {
  if (above.length === 0) return stored
  return [...stored, ...above.reverse()]
}

/** Adds ascending messages that end with `to` to descending ones; returns the seq that comes next. */
function takeBelow<T extends Numbered>(
  entry: ConversationEntry,
  found: T[],
  ascending: readonly T[],
  to: number,
): number {
  if (ascending.at(-1)?.seq !== to) throw lost(entry, to)
  for (let i = ascending.length - 1; i >= 0; i--) found.push(ascending[i] as T)
  return (ascending[0] as T).seq - 1
}

/** Everything above it is in live generations, or was a moment ago. */
function isNewestStored(entry: ConversationEntry, seq: number): boolean {
  return seq === entry.durableHead || liveMessage(entry, seq + 1) !== null
}
