import type { Committed } from '../../backend/port.js'
import type { ColumbaError } from '../../errors.js'
import type { Marks } from '../../model/conversation.js'
import type { MessageDraft, SendReceipt } from '../../model/message.js'
import type { ConversationEntry } from '../memory/entries.js'
import type { HeldChunk } from '../memory/generation.js'

/** A record that has been handed to the log and is not durable yet. */
export interface PendingWrite {
  position: number
  /** Where the record's content lies in the chunk of its group. */
  start: number
  end: number
  /** Makes it visible. Called in the order of the log. */
  apply(position: number, chunk: HeldChunk): void
  reject(error: ColumbaError): void
}

/** The functions of the promise that was made last: one executor for all of them, instead of a closure for each. */
const caught = {
  resolve: (_value: never): void => undefined,
  reject: (_error: ColumbaError): void => undefined,
}
function catchFunctions(resolve: (value: never) => void, reject: (error: ColumbaError) => void): void {
  caught.resolve = resolve
  caught.reject = reject
}

/** A message under way. */
export class PendingSend {
  position = 0
  start = 0
  end = 0
  /**
   * If others of its conversation are under way before it: the position of the one before, and of the nearest one before whose seq
   * is a multiple of `leapOver`; 0 if there is none.
   */
  before = 0
  leap = 0
  readonly entry: ConversationEntry
  readonly draft: MessageDraft
  readonly seq: number
  readonly timestamp: number
  readonly promise: Promise<SendReceipt>
  readonly resolve: (receipt: SendReceipt) => void
  readonly reject: (error: ColumbaError) => void
  readonly #apply: (send: PendingSend, position: number) => void

  constructor(
    entry: ConversationEntry,
    draft: MessageDraft,
    seq: number,
    timestamp: number,
    apply: (send: PendingSend, position: number) => void,
  ) {
    this.entry = entry
    this.draft = draft
    this.seq = seq
    this.timestamp = timestamp
    this.#apply = apply
    this.promise = new Promise(catchFunctions)
    this.resolve = caught.resolve as (receipt: SendReceipt) => void
    this.reject = caught.reject
  }

  apply(position: number): void {
    this.#apply(this, position)
    this.resolve({
      conversationId: this.entry.id,
      seq: this.seq,
      messageId: this.draft.id,
      timestamp: this.timestamp,
      duplicate: false,
    })
  }
}

/** Marks of a participant of a direct conversation under way. */
export class PendingMark {
  position = 0
  start = 0
  end = 0
  readonly entry: ConversationEntry
  /** The user: 0 for the first participant, 1 for the second. */
  readonly side: 0 | 1
  readonly marks: Marks
  readonly promise: Promise<void>
  readonly reject: (error: ColumbaError) => void
  readonly #resolve: () => void
  readonly #apply: (mark: PendingMark) => void

  constructor(entry: ConversationEntry, side: 0 | 1, marks: Marks, apply: (mark: PendingMark) => void) {
    this.entry = entry
    this.side = side
    this.marks = marks
    this.#apply = apply
    this.promise = new Promise(catchFunctions)
    this.#resolve = caught.resolve as () => void
    this.reject = caught.reject
  }

  apply(): void {
    this.#apply(this)
    this.#resolve()
  }
}

/** Any other change under way. */
export class PendingEvent {
  position = 0
  start = 0
  end = 0
  readonly timestamp: number
  readonly promise: Promise<Committed>
  #resolve!: (committed: Committed) => void
  reject!: (error: ColumbaError) => void
  readonly #apply: (position: number) => void

  constructor(timestamp: number, apply: (position: number) => void) {
    this.timestamp = timestamp
    this.#apply = apply
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.reject = reject
    })
  }

  apply(position: number): void {
    this.#apply(position)
    this.#resolve({ position: position as Committed['position'], timestamp: this.timestamp })
  }
}

/** Of so many messages of a conversation that are under way one is leapt to: then few steps lead to each of them. */
const leapOver = 256

/**
 * The writes between append and acknowledgement, in the order of the log: a ring. It forgets what has been taken out at
 * once, for whatever it kept on to would live through collections and be copied by them. So the messages of a conversation hang
 * together by their positions, each with one before, and not as objects.
 */
export class PendingQueue {
  /** As many as a power of two. */
  #slots: (PendingWrite | undefined)[] = Array.from({ length: 256 })
  #first = 0
  #count = 0

  /** The next one of the log. Of a message, its conversation's last position is still that of the message before. */
  push(write: PendingWrite): void {
    if (this.#count === this.#slots.length) this.#grow()
    this.#slots[(this.#first + this.#count++) & (this.#slots.length - 1)] = write
    if (write instanceof PendingSend && write.seq - write.entry.durableHead > 1) this.#link(write)
  }

  get oldest(): PendingWrite {
    return this.#slots[this.#first] as PendingWrite
  }

  /** The oldest one is done with. */
  drop(): void {
    this.#slots[this.#first] = undefined
    this.#first = (this.#first + 1) & (this.#slots.length - 1)
    this.#count--
  }

  /** The send of a message that is under way; for its repeats meanwhile. */
  findSend(entry: ConversationEntry, seq: number): PendingSend | undefined {
    let send = this.#sendAt(entry.lastPosition)
    while (send !== undefined && send.seq > seq) {
      const far = this.#sendAt(send.leap)
      send = far !== undefined && far.seq >= seq ? far : this.#sendAt(send.before)
    }
    return send?.entry === entry && send.seq === seq ? send : undefined
  }

  takeAll(): PendingWrite[] {
    return Array.from({ length: this.#count }, () => {
      const { oldest } = this
      this.drop()
      return oldest
    })
  }

  #link(send: PendingSend): void {
    const before = this.#sendAt(send.entry.lastPosition)
    if (before === undefined) return
    send.before = before.position
    send.leap = before.seq % leapOver === 0 ? before.position : before.leap
  }

  /** Positions have no gaps. */
  #sendAt(position: number): PendingSend | undefined {
    const place = position - (this.#slots[this.#first]?.position ?? Infinity)
    if (place < 0 || place >= this.#count) return undefined
    const write = this.#at(place)
    return write instanceof PendingSend ? write : undefined
  }

  #at(place: number): PendingWrite | undefined {
    return this.#slots[(this.#first + place) & (this.#slots.length - 1)]
  }

  #grow(): void {
    const slots = Array.from({ length: this.#slots.length * 2 }, (_, i) =>
      i < this.#count ? this.#at(i) : undefined,
    )
    this.#slots = slots
    this.#first = 0
  }
}
