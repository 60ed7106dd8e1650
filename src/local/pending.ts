import type { Committed } from '../backend/port.js'
import type { ColumbaError } from '../errors.js'
import type { MessageDraft, SendReceipt } from '../model/message.js'
import type { ConversationEntry } from './memory/entries.js'
import type { HeldChunk } from './memory/generation.js'

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
  resolve!: (receipt: SendReceipt) => void
  reject!: (error: ColumbaError) => void
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
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
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

/** The writes between append and acknowledgement, in the order of the log. */
export class PendingQueue {
  #writes: PendingWrite[] = []
  #next = 0

  push(write: PendingWrite): void {
    this.#writes.push(write)
  }

  shift(): PendingWrite {
    const write = this.#writes[this.#next++] as PendingWrite
    if (this.#next > 4096) {
      this.#writes = this.#writes.slice(this.#next)
      this.#next = 0
    }
    return write
  }

  /** The send of a message that is under way; for those who repeat it meanwhile. */
  findSend(entry: ConversationEntry, seq: number): PendingSend | undefined {
    for (let i = this.#next; i < this.#writes.length; i++) {
      const write = this.#writes[i]
      if (write instanceof PendingSend && write.entry === entry && write.seq === seq) return write
    }
    return undefined
  }

  takeAll(): PendingWrite[] {
    const all = this.#writes.slice(this.#next)
    this.#writes = []
    this.#next = 0
    return all
  }
}
