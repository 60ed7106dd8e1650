import { digestBytes, putDigest } from '../../formats/conversation-name.js'
import type { DirectHead } from '../../formats/record-parts.js'
import type { ConversationId } from '../../model/ids.js'
import { ifMemoryAllows } from '../../platform/system-errors.js'
import { grown, none } from '../columns.js'
import { HashFilter } from './hash-filter.js'
import type { IdSummary } from './id-index.js'
import { SlotArena } from './slot-arena.js'

/** What is kept of a conversation that has left memory. */
export interface Parked {
  readonly head: DirectHead
  /**
   * Null if it has very many messages, more of late than its filter takes, if no sender has needed them, or if there is no
   * memory for them.
   */
  readonly ids: IdSummary | null
}

/** Words of an id: its digest, and zeroes after it. */
const idWords = Math.ceil(digestBytes / 4)

/** Words of a slot: the id, and behind it the other columns. */
const column = {
  head: idWords,
  n0: idWords + 1,
  bits: idWords + 2,
  /** Where the summary lies among those of its size, and how many hashes are in it. */
  summary: idWords + 3,
  hashes: idWords + 4,
  /** The next slot with the same bucket; of a free one, the next free one. */
  next: idWords + 5,
} as const
const slotWords = idWords + 6

/** Bits of a slot; above them the size of the summary, from 1 on, or 0. */
const bits = { firstBlocked: 1, secondBlocked: 2, used: 4, spared: 8, exact: 16 } as const
const sizeShift = 5

/** Summaries of 48, 96 … 6,144 bytes: as filters, of 32 to 4,096 messages. */
const smallestSummary = 48
const summarySizes = 8
const largestHead = 0x7fffffff

const firstSlots = 1024
/** A slot, its two numbers, and its part of the buckets. */
const slotBytes = 4 * slotWords + 16 + 8

/**
 * What writers need of direct conversations that have left memory, so that the next message needs no shard: in columns of
 * numbers, a fifth of what a conversation takes as objects.
 *
 * One that is in turn to go gets one more turn if it came since the last one (the clock of Corbató 1968).
 */
export class ParkedConversations {
  #words = new Int32Array(slotWords * firstSlots)
  /** Position and timestamp. */
  #numbers = new Float64Array(2 * firstSlots)
  #buckets = new Int32Array(firstSlots).fill(none)
  /** Slots from here on have never been used. */
  #end = 0
  #free = none
  #hand = 0
  readonly #summaries = Array.from(
    { length: summarySizes },
    (_, size) => new SlotArena(smallestSummary << size),
  )
  readonly #id = Buffer.alloc(4 * idWords)
  readonly #idWords = new Int32Array(this.#id.buffer, this.#id.byteOffset, idWords)
  count = 0
  bytes = 0

  /**
   * `id`: of a direct conversation; so it is where one is taken. Nothing of it may be here. Throws where there is no memory
   * for it, and changes nothing then.
   */
  put(id: ConversationId, head: DirectHead, ids: IdSummary | null): void {
    if (head.head > largestHead) return
    this.#read(id)
    const slot = this.#nextSlot()
    const word = slot * slotWords
    // IMPORTANT: before the slot is taken: there may be no memory for it.
    const size = this.#putSummary(word, ids)
    this.#takeSlot(slot)
    this.#words.set(this.#idWords, word)
    this.#words[word + column.head] = head.head
    this.#words[word + column.n0] = head.n0
    this.#numbers[2 * slot] = head.position
    this.#numbers[2 * slot + 1] = head.timestamp
    let state: number = bits.used | bits.spared
    if (head.firstBlocked) state |= bits.firstBlocked
    if (head.secondBlocked) state |= bits.secondBlocked
    if (ids instanceof Int32Array) state |= bits.exact
    this.#words[word + column.bits] = state | (size << sizeShift)
    this.#link(slot)
    this.count++
    this.bytes += this.#bytesOf(word)
  }

  /** Null if it is not here; otherwise it is not here any more. */
  take(id: ConversationId): Parked | null {
    if (this.count === 0) return null
    this.#read(id)
    const slot = this.#find()
    if (slot === none) return null
    const word = slot * slotWords
    const words = this.#words
    const state = words[word + column.bits] as number
    const parked = {
      head: {
        head: words[word + column.head] as number,
        n0: words[word + column.n0] as number,
        position: this.#numbers[2 * slot] as number,
        timestamp: this.#numbers[2 * slot + 1] as number,
        firstBlocked: (state & bits.firstBlocked) !== 0,
        secondBlocked: (state & bits.secondBlocked) !== 0,
      },
      ids: ifMemoryAllows(() => this.#summaryOf(word)),
    }
    this.#drop(slot)
    return parked
  }

  trim(maxBytes: number): void {
    while (this.bytes > maxBytes) {
      const slot = this.#hand
      this.#hand = slot + 1 < this.#end ? slot + 1 : 0
      const word = slot * slotWords
      const state = this.#words[word + column.bits] as number
      if ((state & bits.used) === 0) continue
      if ((state & bits.spared) !== 0) this.#words[word + column.bits] = state & ~bits.spared
      else this.#drop(slot)
    }
  }

  // ---- the id that is being looked at

  #read(id: ConversationId): void {
    putDigest(id, this.#id, 0)
  }

  #find(): number {
    const bucket = this.#bucketOf(this.#idWords[0] as number)
    for (let slot = this.#buckets[bucket] as number; slot !== none; slot = this.#next(slot)) {
      if (this.#isOf(slot)) return slot
    }
    return none
  }

  #isOf(slot: number): boolean {
    const word = slot * slotWords
    for (let i = 0; i < idWords; i++) if (this.#words[word + i] !== this.#idWords[i]) return false
    return true
  }

  // ---- slots

  #next(slot: number): number {
    return this.#words[slot * slotWords + column.next] as number
  }

  /** The one that is taken next. */
  #nextSlot(): number {
    if (this.#free !== none) return this.#free
    if (this.#end * slotWords === this.#words.length) this.#grow()
    return this.#end
  }

  #takeSlot(slot: number): void {
    if (slot === this.#free) this.#free = this.#next(slot)
    else this.#end++
  }

  #drop(slot: number): void {
    const word = slot * slotWords
    const bucket = this.#bucketOf(this.#words[word] as number)
    let before = none
    for (let each = this.#buckets[bucket] as number; each !== slot; each = this.#next(each)) before = each
    if (before === none) this.#buckets[bucket] = this.#next(slot)
    else this.#words[before * slotWords + column.next] = this.#next(slot)
    this.count--
    this.bytes -= this.#bytesOf(word)
    this.#dropSummary(word)
    this.#words[word + column.bits] = 0
    this.#words[word + column.next] = this.#free
    this.#free = slot
  }

  /** As many buckets as slots. */
  #grow(): void {
    const slots = (this.#words.length / slotWords) * 2
    const words = grown(this.#words, new Int32Array(slotWords * slots))
    const numbers = grown(this.#numbers, new Float64Array(2 * slots))
    const buckets = new Int32Array(slots).fill(none)
    // IMPORTANT: all columns or none, as there may be no memory: what is written behind the end of one is nowhere.
    this.#words = words
    this.#numbers = numbers
    this.#buckets = buckets
    for (let slot = 0; slot < this.#end; slot++) this.#link(slot)
  }

  /** Ids are digests: any part of one is as good as a hash. */
  #bucketOf(firstWord: number): number {
    return firstWord & (this.#buckets.length - 1)
  }

  #link(slot: number): void {
    const word = slot * slotWords
    const bucket = this.#bucketOf(this.#words[word] as number)
    this.#words[word + column.next] = this.#buckets[bucket] as number
    this.#buckets[bucket] = slot
  }

  // ---- summaries

  #sizeOf(word: number): number {
    return (this.#words[word + column.bits] as number) >> sizeShift
  }

  #bytesOf(word: number): number {
    const size = this.#sizeOf(word)
    return slotBytes + (size === 0 ? 0 : smallestSummary << (size - 1))
  }

  /** Returns its size, 0 if it is not kept. */
  #putSummary(word: number, ids: IdSummary | null): number {
    if (ids === null) return 0
    const isFilter = ids instanceof HashFilter
    const bytes = isFilter ? ids.bits : new Uint8Array(ids.buffer)
    let size = 1
    while (smallestSummary << (size - 1) < bytes.length) size++
    const arena = this.#summaries[size - 1]
    if (arena === undefined) return 0
    this.#words[word + column.summary] = arena.put(bytes)
    this.#words[word + column.hashes] = isFilter ? ids.count : ids.length
    return size
  }

  #summaryOf(word: number): IdSummary | null {
    const size = this.#sizeOf(word)
    if (size === 0) return null
    const bytes = this.#arena(size).at(this.#words[word + column.summary] as number)
    const hashes = this.#words[word + column.hashes] as number
    return (this.#words[word + column.bits] as number) & bits.exact
      ? new Int32Array(bytes.slice(0, 4 * hashes).buffer)
      : HashFilter.of(bytes.slice(), hashes)
  }

  #dropSummary(word: number): void {
    const size = this.#sizeOf(word)
    if (size > 0) this.#arena(size).drop(this.#words[word + column.summary] as number)
  }

  #arena(size: number): SlotArena {
    return this.#summaries[size - 1] as SlotArena
  }
}
