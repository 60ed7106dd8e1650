import type { StoreStats } from '../../backend/port.js'
import { ColumbaError } from '../../errors.js'
import type { Limits } from '../../limits.js'
import { ByteWriter } from '../../formats/bytes.js'
import { directImageBytes, writeDirectImage } from '../../formats/direct-image.js'
import { directMarksBytes, writeDirectMarks } from '../../formats/direct-marks.js'
import { recordLengthBytes } from '../../formats/frames.js'
import { idHash } from '../../formats/id-hash.js'
import { bodyRoom, writeBody } from '../../formats/message-body.js'
import { writeImage, type GroupImage } from '../../formats/record-parts.js'
import {
  encodeRecordInScratch,
  flags,
  messageHeadBytes,
  recordKinds,
  writeMessageHead,
  type PlainRecord,
} from '../../formats/records.js'
import type { Marks, Reached } from '../../model/conversation.js'
import type { Position, UserId } from '../../model/ids.js'
import type { MessageDraft, SendReceipt } from '../../model/message.js'
import type { Clock } from '../../platform/clock.js'
import { isMemoryError, memoryError, withMemory } from '../../platform/system-errors.js'
import type { CommitLog } from '../commit-log/commit-log.js'
import type { DurableGroup, LogFailure } from '../commit-log/options.js'
import type { Applier } from './applier.js'
import type { ConversationEntry, GroupPart } from '../memory/entries.js'
import type { IdIndex } from '../memory/id-index.js'
import { PendingEvent, PendingMark, PendingQueue, PendingSend, type PendingWrite } from './pending.js'

export interface WriterOptions {
  readonly limits: Limits
  readonly clock: Clock
  readonly hashSeed: number
  /** A generation ends with the record that makes it this large … */
  readonly generationBytes: number
  /**
   * … or with the one that makes what the flush makes objects of so many: conversations, members that are named with them, and
   * whatever is no message.
   */
  readonly generationObjects: number
  /** A write was refused, and nothing of it stored. */
  readonly onRefused: () => void
}

const imageScratch = new ByteWriter(1024)

/**
 * The write path: records are encoded straight into the log's buffer, numbered and timed in the order of the calls, and
 * applied to memory in the order of the log once they are durable. A generation is closed by a cut record.
 */
export class Writer {
  readonly #options: WriterOptions
  readonly #applier: Applier
  readonly #pending = new PendingQueue()
  #log!: CommitLog
  #lastTimestamp = 0
  /** The number of the generation that the next record belongs to; then what has been handed over of it so far. */
  #generation = 0
  #generationBytes = 0
  #generationObjects = 0
  #refusal: ColumbaError | null = null
  /** The disk is nearly full: the checkpointer, which looks, sets it and takes it back. */
  noSpace = false

  constructor(options: WriterOptions, applier: Applier) {
    this.#options = options
    this.#applier = applier
  }

  /** The log needs the writer's callbacks to be opened, so it comes second. */
  attach(log: CommitLog, lastTimestamp: number): void {
    this.#log = log
    this.#lastTimestamp = lastTimestamp
  }

  get lastTimestamp(): number {
    return this.#lastTimestamp
  }

  /** Nothing is accepted any more; what was accepted still becomes durable. */
  refuse(error: ColumbaError): void {
    this.#refusal ??= error
  }

  get refusal(): ColumbaError | null {
    return this.#refusal
  }

  /**
   * Appends a message after the provisional head. The caller holds the conversation's lane and has decided that it may be sent.
   */
  append(entry: ConversationEntry, draft: MessageDraft): Promise<SendReceipt> {
    const refusal = this.#refused()
    if (refusal !== null) return Promise.reject(refusal)
    // The flush will make one run of all that comes with one image.
    const beginsRun = entry.imageIn !== this.#generation
    const send =
      entry.groupPart === null ? this.#direct(entry, draft) : this.#group(entry, entry.groupPart, draft)
    entry.ids?.add(idHash(this.#options.hashSeed, draft.sender, draft.id), beginsRun)
    entry.holds++
    this.#handOver(send, entry)
    return send.promise
  }

  /** Marks of a participant of a loaded direct conversation; `by` says which of them moves. */
  mark(
    entry: ConversationEntry,
    side: 0 | 1,
    before: Marks,
    { read, delivered, ownAtRead }: Reached,
    by: 'read' | 'delivered',
  ): Promise<void> {
    const refusal = this.#refused()
    if (refusal !== null) return Promise.reject(refusal)
    const { 0: first, 1: second } = entry.pair as readonly [UserId, UserId]
    const log = this.#log
    const start = this.#reserve(directMarksBytes)
    const position = log.nextPosition as Position
    const marks: Marks = {
      delivered,
      read,
      ownAtRead,
      readAt: by === 'read' ? position : before.readAt,
      deliveredAt: by === 'read' ? before.deliveredAt : position,
    }
    // The image of a record before names it; this is none, for the lists do not change.
    const id = entry.imageIn === this.#generation ? null : entry.id
    if (id !== null) this.#generationObjects++
    const mark = new PendingMark(entry, side, marks, this.#applier.mark)
    mark.start = start
    mark.end = writeDirectMarks(log.bytes, start, this.#now(), side, by, marks, first, second, id)
    entry.holds++
    this.#handOver(mark, null)
    return mark.promise
  }

  /**
   * Any other record. `make` gets the position and time that the record will have, and changes nothing: there may be no room for
   * it. `begin` is what it changes of what is provisional.
   */
  commit(
    entry: ConversationEntry | null,
    make: (
      position: number,
      time: number,
    ) => { record: PlainRecord; begin?: () => void; apply: (position: number) => void },
  ): PendingEvent {
    const refusal = this.#refused()
    if (refusal !== null) throw refusal
    const time = this.#now()
    const { record, begin, apply } = make(this.#log.nextPosition, time)
    // IMPORTANT: it may throw.
    const { start, end } = this.#orRefused(() => this.#put(record))
    begin?.()
    const event = new PendingEvent(time, apply)
    event.start = start
    event.end = end
    this.#generationObjects += 1 + namedIn(record)
    this.#handOver(event, entry)
    return event
  }

  /** The image that the first record about a group in a generation carries; null if it has one already. */
  groupImage(entry: ConversationEntry, group: GroupPart): GroupImage | null {
    if (entry.imageIn === this.#generation) return null
    const members = []
    for (const [user, { joined }] of group.present ?? [])
      members.push({ user, previous: Math.max(entry.lastPosition, joined) })
    return { previous: entry.lastPosition, members }
  }

  /** A repeat of something that is under way. */
  findSend(entry: ConversationEntry, seq: number): PendingSend | undefined {
    return this.#pending.findSend(entry, seq)
  }

  /**
   * Ends the generation with what has been handed over so far. Resolves when the cut is durable. It is no change, so the
   * store's time stays where it is. Where there is no memory for it, it rejects, and the generation goes on.
   */
  async cut(): Promise<unknown> {
    const time = this.#lastTimestamp
    // Nobody's write is refused then: the one that ends the generation is in the log.
    const { start, end } = withMemory(() => this.#put({ kind: 'cut', time }))
    const event: PendingEvent = new PendingEvent(time, (position) => {
      this.#applier.cut(position, event.end)
    })
    event.start = start
    event.end = end
    this.#generation++
    this.#generationBytes = this.#generationObjects = 0
    event.position = this.#log.append(event.end)
    this.#pending.push(event)
    return event.promise
  }

  // ---- callbacks of the log

  readonly onGroup = (group: DurableGroup): void => {
    this.#applier.begin(group)
    let applied = 0
    let { start: end } = group
    try {
      for (; applied < group.count; applied++) {
        const { oldest } = this.#pending
        oldest.apply(group.firstPosition + applied, group.chunk)
        ;({ end } = oldest)
        // IMPORTANT: only now: one that could not be applied fails with the log, as all behind it, and its caller hears of that.
        this.#pending.drop()
      }
    } finally {
      // IMPORTANT: also then: what was applied before it is shown and acknowledged, and has its place in the feed.
      this.#applier.end(applied, end)
    }
  }

  readonly onFailure = ({ cause, unknownThrough }: LogFailure): void => {
    const poisoned = new ColumbaError(
      'POISONED',
      'the log could not be written; the store takes no more writes until it is opened again',
      {},
      cause,
    )
    this.#refusal = poisoned
    for (const write of this.#pending.takeAll()) {
      if (write.position > unknownThrough) write.reject(poisoned)
      else {
        write.reject(
          new ColumbaError(
            'OUTCOME_UNKNOWN',
            'the log failed while this was being written; repeat the call with the same id after reopening',
            {},
            cause,
          ),
        )
      }
    }
  }

  // ---- encoding

  /**
   * Room in the log, and for a message's key in the index of its conversation. IMPORTANT: it may throw, for want of memory,
   * and has changed nothing then. Nothing after it throws, or a number would be given out that no message has.
   */
  #reserve(bytes: number, ids: IdIndex | null = null): number {
    try {
      ids?.reserve()
      return this.#log.reserve(bytes)
    } catch (error) {
      throw this.#unreserved(error)
    }
  }

  /** Writes a record where it can be appended. It throws where there is no memory for it, and has changed nothing then. */
  #put(record: PlainRecord): { readonly start: number; readonly end: number } {
    const bytes = encodeRecordInScratch(record)
    const start = this.#log.reserve(bytes.length)
    this.#log.bytes.set(bytes, start)
    return { start, end: start + bytes.length }
  }

  /** For what a write needs memory for: scratch bytes, which may have to grow, or room in the log. */
  #orRefused<T>(write: () => T): T {
    try {
      return write()
    } catch (error) {
      throw this.#unreserved(error)
    }
  }

  #unreserved(error: unknown): unknown {
    if (isMemoryError(error)) this.#options.onRefused()
    return memoryError(error)
  }

  #direct(entry: ConversationEntry, draft: MessageDraft): PendingSend {
    // By place: taken apart as a list it would make an iterator for every message.
    const { 0: first, 1: second } = entry.pair as readonly [UserId, UserId]
    const log = this.#log
    const start = this.#reserve(messageHeadBytes + directImageBytes + bodyRoom(draft), entry.ids)
    const { bytes } = log
    const time = this.#now()
    const seq = ++entry.head
    const byFirst = draft.sender === first
    if (byFirst) entry.n0++
    const hasImage = entry.imageIn !== this.#generation
    let bits = byFirst ? 0 : flags.second
    if (entry.firstBlocked) bits |= flags.firstBlocked
    if (entry.secondBlocked) bits |= flags.secondBlocked
    if (hasImage) bits |= flags.image
    const { directMessage } = recordKinds
    let at = writeMessageHead(bytes, start, directMessage, time, bits, seq, entry.n0, first, second)
    if (hasImage) {
      at = writeDirectImage(entry.id, entry.lastPosition, bytes, at)
      this.#generationObjects++
    }
    const send = new PendingSend(entry, draft, seq, time, this.#applier.direct)
    send.start = start
    send.end = writeBody(draft, bytes, at)
    return send
  }

  #group(entry: ConversationEntry, group: GroupPart, draft: MessageDraft): PendingSend {
    const { sender } = draft
    const image = this.groupImage(entry, group)
    imageScratch.reset()
    if (image !== null) this.#orRefused(() => writeImage(imageScratch, image))
    const log = this.#log
    const start = this.#reserve(messageHeadBytes + imageScratch.length + bodyRoom(draft), entry.ids)
    const { bytes } = log
    const time = this.#now()
    const seq = ++entry.head
    const ordinal = (group.ordinals.get(sender) as number) + 1
    group.ordinals.set(sender, ordinal)
    const bits = (image === null ? 0 : flags.image) | (group.row.large ? flags.large : 0)
    const { groupMessage } = recordKinds
    const at = writeMessageHead(bytes, start, groupMessage, time, bits, seq, ordinal, entry.id, sender)
    bytes.set(imageScratch.view(), at)
    if (image !== null) this.#generationObjects += 1 + image.members.length
    const send = new PendingSend(entry, draft, seq, time, this.#applier.group)
    send.start = start
    send.end = writeBody(draft, bytes, at + imageScratch.length)
    return send
  }

  #handOver(write: PendingWrite, entry: ConversationEntry | null): void {
    const position = this.#log.append(write.end)
    write.position = position
    this.#pending.push(write)
    if (entry !== null) {
      entry.imageIn = this.#generation
      if (write instanceof PendingSend) {
        entry.lastPosition = position
        entry.lastTimestamp = write.timestamp
      }
    }
    this.#generationBytes += write.end - write.start + recordLengthBytes
    const { generationBytes, generationObjects } = this.#options
    // IMPORTANT: `write` is in the log, so nothing here may look as if it had failed. A cut that did is made behind the next one.
    if (this.#generationBytes >= generationBytes || this.#generationObjects >= generationObjects)
      void this.cut().catch(() => undefined)
  }

  /** The store's time: the clock's, but never less than before. */
  #now(): number {
    const now = this.#options.clock.now()
    if (now > this.#lastTimestamp) this.#lastTimestamp = now
    return this.#lastTimestamp
  }

  /** What a write would meet just now. */
  get writes(): StoreStats['writes'] {
    // Nobody asks a store that closes.
    if (this.#refusal !== null) return 'POISONED'
    if (this.#isFull) return 'OVERLOADED'
    return this.noSpace ? 'NO_SPACE' : 'accepted'
  }

  get accepts(): boolean {
    return this.writes === 'accepted'
  }

  get #isFull(): boolean {
    const { limits } = this.#options
    return this.#log.queuedBytes >= limits.queueBytes || this.#log.queuedRecords >= limits.queueCalls
  }

  #refused(): ColumbaError | null {
    if (this.#refusal !== null) return this.#refusal
    const overload = this.#overload()
    if (overload !== null) this.#options.onRefused()
    return overload
  }

  #overload(): ColumbaError | null {
    if (this.#isFull) {
      return new ColumbaError('OVERLOADED', 'too much waits for the log; try again later', {
        queuedBytes: this.#log.queuedBytes,
        queuedCalls: this.#log.queuedRecords,
      })
    }
    if (this.noSpace)
      return new ColumbaError('NO_SPACE', 'the disk is nearly full; nothing is accepted until there is room')
    return null
  }
}

/** How many members a record names. */
function namedIn(record: PlainRecord): number {
  if (record.kind === 'create') return record.members.length
  if (!('image' in record)) return 0
  const joined = record.kind === 'join' ? record.joined.length : 0
  return joined + (record.image?.members.length ?? 0)
}
