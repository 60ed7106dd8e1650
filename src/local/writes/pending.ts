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

/**
 * The writes between append and acknowledgement, in the order of the log: a ring. It forgets what has been taken out at
 * once, for whatever it kept on to would live through collections and be copied by them.
 */
export class PendingQueue {
  /** As many as a power of two. */
  #slots: (PendingWrite | undefined)[] = Array.from({ length: 256 })
  #first = 0
  #count = 0

  push(write: PendingWrite): void {
    if (this.#count === this.#slots.length) this.#grow()
    this.#slots[(this.#first + this.#count++) & (this.#slots.length - 1)] = write
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
    for (let i = 0; i < this.#count; i++) {
      const write = this.#at(i)
      if (write instanceof PendingSend && write.entry === entry && write.seq === seq) return write
    }
    return undefined
  }

  takeAll(): PendingWrite[] {
    return Array.from({ length: this.#count }, () => {
      const { oldest } = this
      this.drop()
      return oldest
    })
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
