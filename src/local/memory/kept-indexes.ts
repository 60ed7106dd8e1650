import type { DirectHead } from '../../formats/record-parts.js'
import { ifMemoryAllows, memoryError, withMemory } from '../../platform/system-errors.js'
import type { ConversationEntry } from './entries.js'
import { IdHashes, IdIndex } from './id-index.js'
import { ParkedConversations } from './parked-conversations.js'

export interface KeptIndexesOptions {
  /** Bytes that parked conversations may take just now. */
  readonly parkedBytes: () => number
  /** Parked conversations with up to so many messages keep all their hashes. */
  readonly exactIds: number
  /** The cache may be too large now. */
  readonly grew: () => void
}

/**
 * The account of what memory knows of idempotency keys: the indexes of conversations that are written to, and what stays of
 * parked ones.
 */
export class KeptIndexes {
  readonly #options: KeptIndexesOptions
  /** Rarely more than one. */
  readonly #hashes = [new IdHashes()]
  readonly #parked = new ParkedConversations()
  #charged = 0
  /** Bytes of the indexes of conversations that live generations know: not part of `bytes`. */
  liveBytes = 0

  constructor(options: KeptIndexesOptions) {
    this.#options = options
  }

  get bytes(): number {
    return this.#charged - this.liveBytes + this.#parked.bytes
  }

  get parkedCount(): number {
    return this.#parked.count
  }

  /**
   * An index of idempotency keys with what is known so far, in the order of the seqs; of a conversation that was brought back, of
   * the messages from before, and what has come since is added. `runs`: the first seqs of the runs they lie in. Throws OVERLOADED
   * where there is no memory for it, and changes nothing then.
   */
  make(entry: ConversationEntry, hashes: readonly number[], runs: ReadonlySet<number>): IdIndex {
    const known = entry.ids
    const ids = withMemory(() => new IdIndex(this.#room()))
    try {
      hashes.forEach((hash, i) => ids.add(hash, runs.has(i + 1)))
      known?.copyChain(ids)
    } catch (error) {
      ids.release()
      throw memoryError(error)
    }
    known?.release()
    entry.ids = ids
    this.charge(entry)
    return ids
  }

  /** What a conversation's index costs by now; called where it comes and now and then while it grows. */
  charge(entry: ConversationEntry): void {
    if (!entry.inMemory) return
    const bytes = entry.ids?.bytes ?? 0
    this.#charged += bytes - entry.charged
    if (entry.live > 0) this.liveBytes += bytes - entry.charged
    entry.charged = bytes
    this.#options.grew()
  }

  /** A message of the conversation has been repeated: its index may have grown by what makes the next repeats fast. */
  repeated(entry: ConversationEntry, seq: number): void {
    if (entry.ids?.repeated(seq) === true) this.charge(entry)
  }

  becameLive({ charged }: ConversationEntry): void {
    this.liveBytes += charged
  }

  settled({ charged }: ConversationEntry): void {
    this.liveBytes -= charged
  }

  /**
   * The conversation leaves memory: no user or call has it, and no live generation knows it. IMPORTANT: it throws nothing where
   * there is no memory to put the conversation away, and only forgets it: a trim, or a record that is durable, would fail.
   */
  letGo(entry: ConversationEntry): void {
    try {
      ifMemoryAllows(() => this.#park(entry))
    } finally {
      this.#charged -= entry.charged
      entry.charged = 0
      entry.ids?.release()
      entry.ids = null
    }
  }

  /**
   * Parks what writers know of the conversation. That is what the shards have, since an entry with what the log could not write
   * never leaves memory; so no shard is needed when it comes back.
   */
  #park(entry: ConversationEntry): void {
    if (!entry.loaded || entry.pair === null || entry.head === 0) return
    const { id, head, n0, position, timestamp, firstBlocked, secondBlocked, ids } = entry
    const kept = ids?.count === head ? ids.toSummary(this.#options.exactIds) : null
    this.#parked.put(id, { head, n0, position, timestamp, firstBlocked, secondBlocked }, kept)
    this.#parked.trim(this.#options.parkedBytes())
  }

  /**
   * What writers need of a parked conversation. IMPORTANT: the load that makes it `loaded` takes it from here, for it may
   * change then; and no other call, or a stranger's look would cost it what is known.
   */
  unpark(entry: ConversationEntry): DirectHead | null {
    if (entry.pair === null) return null
    const parked = this.#parked.take(entry.id)
    if (parked === null) return null
    const { head, ids } = parked
    if (ids !== null) {
      // One is made anew where somebody asks and there is none.
      entry.ids = ifMemoryAllows(() => new IdIndex(this.#room(), ids))
      this.charge(entry)
    }
    return head
  }

  #room(): IdHashes {
    const found = this.#hashes.find(({ isFull }) => !isFull)
    if (found !== undefined) return found
    const next = new IdHashes()
    this.#hashes.push(next)
    return next
  }
}
