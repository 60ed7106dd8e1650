import { andThen } from '../async/maybe-promise.js'
import type { Found, MaybePromise } from '../backend/port.js'
import { idHash } from '../formats/id-hash.js'
import type { RunRow } from '../formats/rows.js'
import type { MessageId, UserId } from '../model/ids.js'
import type { Message } from '../model/message.js'
import { lost, ownerOf } from './reads/block-reader.js'
import type { ConversationEntry } from './memory/entries.js'
import { whileHeld } from './memory/holds.js'
import type { Memory } from './memory/memory.js'
import type { MessageReader } from './reads/message-reader.js'
import type { RowReader } from './reads/row-reader.js'
import { liveMessage, type StoredMessage } from './reads/stored-message.js'
import type { Writer } from './writes/writer.js'

export interface RepeatsParts {
  readonly memory: Memory
  readonly rows: RowReader
  readonly messages: MessageReader
  readonly writer: Writer
  readonly hashSeed: number
}

/**
 * Whether a message with this key is there already, for as long as the store exists: each conversation that is written to has an
 * index of hashes. One that was put away and comes back has a filter of them at first; its index is made anew from its runs where
 * there is no filter, or where the filter cannot tell.
 */
export class Repeats {
  readonly #parts: RepeatsParts

  constructor(parts: RepeatsParts) {
    this.#parts = parts
  }

  /** Hashes meet by chance: only the message itself says whether it is a repeat. Looks at messages below `below` only. */
  find(
    entry: ConversationEntry,
    sender: UserId,
    id: MessageId,
    below = Infinity,
  ): MaybePromise<Found | null> {
    let { ids } = entry
    if (ids === null) {
      // Still not loaded for the sender: a stranger, who has sent nothing here. An index would begin without what there is; so it
      // would for somebody who has been refused meanwhile.
      if (!entry.loaded || !entry.inMemory) return null
      if (entry.head > 0) return andThen(this.#indexIds(entry), () => this.find(entry, sender, id, below))
      // Nothing of it has left memory: the index begins empty and stays complete.
      ids = this.#parts.memory.indexes.make(entry, [], noRuns)
    }
    const hash = idHash(this.#parts.hashSeed, sender, id)
    for (let seq = ids.find(hash, below); seq > 0; seq = ids.find(hash, seq)) {
      const found = this.#compare(entry, sender, id, seq)
      if (found === null) continue
      this.#parts.memory.indexes.repeated(entry, seq)
      return found
    }
    if (!ids.isUnsure(hash)) return null
    return andThen(this.#indexIds(entry), () => this.find(entry, sender, id, below))
  }

  /** The message with this seq, or an earlier one, if it has the key; null, or a promise of it, if none has. */
  #compare(
    entry: ConversationEntry,
    sender: UserId,
    id: MessageId,
    seq: number,
  ): MaybePromise<Found | null> | null {
    if (seq > entry.durableHead) {
      const send = this.#parts.writer.findSend(entry, seq)
      if (send === undefined || send.draft.sender !== sender || send.draft.id !== id) return null
      const { text, attributes } = send.draft
      return { seq, timestamp: send.timestamp, text, attributes, settled: send.promise }
    }
    const kept = keptMessage(entry, seq)
    if (kept !== undefined) {
      if (kept.sender !== sender || kept.id !== id) return null
      return { seq, timestamp: kept.timestamp, text: kept.text, attributes: undefined, settled: null }
    }
    const stored = this.#parts.messages.one(entry, seq)
    if (stored instanceof Promise) {
      return stored.then((read) =>
        isIt(read, sender, id) ? toFound(read) : this.find(entry, sender, id, seq),
      )
    }
    return isIt(stored, sender, id) ? toFound(stored) : null
  }

  /**
   * The index of a conversation, from the hashes of its messages. For a conversation that was unparked the index knows what has
   * come since, also while this reads. IMPORTANT: no message is appended without an index, so nothing comes then.
   */
  #indexIds(entry: ConversationEntry): MaybePromise<void> {
    const { rows, memory } = this.#parts
    const { ids } = entry
    const { hashes: live, underWay } = ids === null ? this.#liveHashes(entry) : nothingLive
    const stored = ids === null ? entry.durableHead - (live.length - underWay) : ids.before
    const take = (found: readonly RunRow[]): void => {
      const hashes = hashesOf(found, stored)
      if (hashes.length < stored) throw lost(entry, hashes.length + 1)
      const runs = new Set([...found.map(({ firstSeq }) => firstSeq), stored + 1])
      // Another call may have been faster.
      if (entry.ids === ids) memory.indexes.make(entry, [...hashes, ...live.toReversed()], runs)
    }
    const runs = rows.allRunsNow(ownerOf(entry), entry.id, stored, mostRunsNow)
    if (runs !== null) return take(runs)
    return whileHeld(memory, entry, rows.allRuns(ownerOf(entry), entry.id).then(take))
  }

  /** Hashes of the messages that no shard has yet, the newest first; so many of them are not durable yet. */
  #liveHashes(entry: ConversationEntry): { readonly hashes: number[]; readonly underWay: number } {
    const { writer, hashSeed } = this.#parts
    const hashes: number[] = []
    for (let seq = entry.head; seq > entry.durableHead; seq--) {
      const draft = writer.findSend(entry, seq)?.draft
      if (draft !== undefined) hashes.push(idHash(hashSeed, draft.sender, draft.id))
    }
    const underWay = hashes.length
    for (let seq = entry.durableHead; seq > 0; seq--) {
      const message = liveMessage(entry, seq)
      if (message === null) break
      hashes.push(idHash(hashSeed, message.sender, message.body.id))
    }
    return { hashes, underWay }
  }
}

/**
 * Hashes of messages 1, 2, 3 … up to `through`, as far as they go without a gap. Ascending runs; where they overlap they say
 * the same.
 */
function hashesOf(runs: readonly RunRow[], through: number): number[] {
  const hashes: number[] = []
  for (const run of runs) {
    run.hashes.forEach((hash, i) => {
      if (run.firstSeq + i === hashes.length + 1 && hashes.length < through) hashes.push(hash)
    })
  }
  return hashes
}

/** Up to so many runs are read one after the other, which is faster than a range as long as they are few. */
const mostRunsNow = 12

const noRuns: ReadonlySet<number> = new Set()
const nothingLive = { hashes: [], underWay: 0 } as const

/** The message as a reader's page has it; not with attributes, which are no canonical JSON there. */
function keptMessage({ page }: ConversationEntry, seq: number): Message | undefined {
  const kept = page?.[seq - (page[0] as Message).seq]
  return kept?.attributes === undefined ? kept : undefined
}

function isIt(message: StoredMessage, sender: UserId, id: MessageId): boolean {
  return message.sender === sender && message.body.id === id
}

function toFound({ seq, timestamp, body }: StoredMessage): Found {
  return { seq, timestamp, text: body.text, attributes: body.attributes, settled: null }
}
