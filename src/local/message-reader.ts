import type { MaybePromise } from '../backend/port.js'
import { ColumbaError } from '../errors.js'
import { readBlock } from '../formats/block.js'
import { readBody } from '../formats/message-body.js'
import type { RunRow } from '../formats/rows.js'
import type { UserId } from '../model/ids.js'
import type { Message } from '../model/message.js'
import { isMissingBody, type BodyFiles } from './bodies/body-files.js'
import type { ConversationEntry } from './memory/entries.js'
import type { Memory } from './memory/memory.js'
import type { RowReader, RunOwner } from './row-reader.js'
import { liveMessage, toMessage, type StoredMessage } from './stored-message.js'

/** Messages of the newest page that are kept as objects. */
const pageMessages = 100
const runsAtOnce = 32

export interface MessageRange {
  readonly from: number
  readonly to: number
  readonly descending: boolean
}

/**
 * Reads messages: from the kept page, from the bytes of live generations, at last from body files. What has left the
 * live generations is in the shards for good, so the parts never contradict each other.
 */
export class MessageReader {
  readonly #memory: Memory
  readonly #rows: RowReader
  readonly #bodies: BodyFiles

  constructor(parts: { readonly memory: Memory; readonly rows: RowReader; readonly bodies: BodyFiles }) {
    this.#memory = parts.memory
    this.#rows = parts.rows
    this.#bodies = parts.bodies
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
      return answer.items
    }
    const items = this.#fromMemory(entry, range)
    if (items !== null) {
      this.#memory.counters.hits++
      return this.#finish(entry, range, items)
    }
    this.#memory.counters.misses++
    return this.#fromShards(entry, range)
  }

  /** One message, with its position. */
  one(entry: ConversationEntry, seq: number): MaybePromise<StoredMessage> {
    const live = liveMessage(entry, seq)
    return live ?? this.stored(entry, seq, seq).then((found) => found[0] as StoredMessage)
  }

  /** Messages that have left the live generations, ascending. Rejects with CORRUPT if one of them is not there. */
  async stored(entry: ConversationEntry, from: number, to: number): Promise<StoredMessage[]> {
    const found: StoredMessage[] = []
    const owner = ownerOf(entry)
    for (let below = to; below >= from;) {
      const runs = await this.#rows.runs(owner, entry.id, below, Math.min(runsAtOnce, below - from + 1))
      const wanted = runs.filter((run) => run.firstSeq + run.count > from)
      const blocks = await Promise.all(wanted.map((run) => this.block(entry, run)))
      for (const messages of blocks) {
        for (let i = messages.length - 1; i >= 0; i--) {
          const message = messages[i] as StoredMessage
          if (message.seq <= below && message.seq >= from) found.push(message)
        }
        const first = messages[0] as StoredMessage
        if (found.at(-1)?.seq !== Math.max(first.seq, from)) throw lost(entry, below)
        below = first.seq - 1
        if (below < from) break
      }
      if (wanted.length === 0) throw lost(entry, below)
    }
    return found.reverse()
  }

  /** All messages of one run, and no others, also if the tidy has moved them since the run was read. */
  async block(entry: ConversationEntry, run: RunRow): Promise<StoredMessage[]> {
    const { at, bytes } = await this.#bytesOf(entry, run)
    const { head, entries } = readBlock(bytes)
    if (head.conversation !== entry.id || head.firstSeq !== at.firstSeq) {
      throw new ColumbaError('CORRUPT', 'A row points to the messages of another conversation', {
        file: at.file,
        offset: at.offset,
      })
    }
    let n0 = head.n0Before
    const messages = entries.map(({ seq, position, timestamp, author, start, end }) => {
      if (entry.groupPart === null && author === 0) n0++
      const sender =
        entry.groupPart === null ? entry.pair?.[author] : (head.senders[author] as UserId | undefined)
      if (sender === undefined) throw lost(entry, seq)
      const count = entry.groupPart === null ? n0 : 0
      return { seq, sender, timestamp, position, count, body: readBody(bytes, start, end) }
    })
    if (at === run) return messages
    return messages.filter(({ seq }) => seq >= run.firstSeq && seq < run.firstSeq + run.count)
  }

  /** A body file that is gone was merged into another one: the row that is there now says where the messages are. */
  async #bytesOf(entry: ConversationEntry, run: RunRow): Promise<{ at: RunRow; bytes: Buffer }> {
    for (let at = run; ;) {
      try {
        return { at, bytes: await this.#bodies.read(at.file, at.offset, at.length) }
      } catch (error) {
        if (!isMissingBody(error)) throw error
        const [now] = await this.#rows.runs(ownerOf(entry), entry.id, run.firstSeq, 1)
        if (now === undefined || now.file === at.file) throw error
        at = now
      }
    }
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
      else if (page !== null && seq >= pageFirst && seq <= pageLast) message = page[seq - pageFirst]
      else {
        const live = liveMessage(entry, seq)
        if (live !== null) message = toMessage(entry.id, live)
      }
      if (message === undefined) return null
      items.push(message)
    }
    return items.reverse()
  }

  async #fromShards(entry: ConversationEntry, range: MessageRange): Promise<readonly Message[]> {
    const items: Message[] = []
    entry.inFlight++
    try {
      let live = range.to
      while (live >= range.from) {
        const message = liveMessage(entry, live)
        if (message === null) break
        items.push(toMessage(entry.id, message))
        live--
      }
      const stored = live >= range.from ? await this.stored(entry, range.from, live) : []
      for (let i = stored.length - 1; i >= 0; i--) items.push(toMessage(entry.id, stored[i] as StoredMessage))
      return this.#finish(entry, range, items.reverse())
    } finally {
      entry.inFlight--
      this.#memory.release(entry)
    }
  }

  /** Keeps what is worth keeping and gives the answer in the asked order. */
  #finish(entry: ConversationEntry, range: MessageRange, ascending: Message[]): readonly Message[] {
    if (range.from === entry.durableHead) entry.lastMessage = ascending[0]
    const isNewest =
      range.to === entry.durableHead && ascending.length > 0 && ascending.length <= pageMessages
    // A look at the newest message alone is no reason to forget a page.
    if (isNewest && (ascending.length > 1 || entry.page === null)) this.#keepPage(entry, ascending)
    const items = Object.freeze(range.descending ? ascending.reverse() : ascending)
    if (items.length > 0 && items.length <= pageMessages) entry.answer = { ...range, items }
    return items
  }

  #keepPage(entry: ConversationEntry, ascending: readonly Message[]): void {
    const { page } = entry
    const first = (ascending[0] as Message).seq
    if (page !== null && (page[0] as Message).seq <= first && page.at(-1)?.seq === ascending.at(-1)?.seq)
      return
    entry.page = ascending.slice()
    this.#memory.charge(entry)
  }
}

/** Whose partition the runs of a conversation are read from. */
export function ownerOf(entry: ConversationEntry): RunOwner {
  if (entry.groupPart !== null) return { kind: 'group', id: entry.id }
  return { kind: 'user', id: (entry.pair as readonly [UserId, UserId])[0] }
}

/** Seqs have no gaps, so one that is not found is damage. */
export function lost(entry: ConversationEntry, seq: number): ColumbaError {
  return new ColumbaError(
    'CORRUPT',
    `Message ${seq} of a conversation is not where it must be; verify the store, restore a backup`,
    { conversation: entry.id, seq },
  )
}
