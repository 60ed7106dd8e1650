import type { Message, SendReceipt } from '../../src/model/message.js'
import { claim } from './finding.js'

/** A message that a client tried to send, by its key. */
export interface Sent {
  readonly sender: string
  readonly id: string
  readonly text: string
  /** The moment of the first call, and of the last. */
  readonly firstCall: number
  lastCall: number
  calls: number
  /** Calls that have not answered. */
  open: number
  /** A call ended without anybody knowing how, and nobody has looked since. */
  unknown: boolean
  /** A call was told that it has stored it: no other one may be. */
  stored: boolean
  seq: number | null
  timestamp: number | null
  /** The moment of the first acknowledgement, or of the first reader who saw it. */
  known: number | null
}

/** From the call that let somebody in to its answer, and the same for leaving; Infinity: not yet, or nobody knows. */
export interface Stay {
  readonly joinCalled: number
  joinDone: number
  leaveCalled: number
  leaveDone: number
}

export interface KnownMarks {
  read: number
  delivered: number
  mayRead: number
  mayDelivered: number
}

/** What is known of one conversation from the answers of the store alone: certain, impossible, or not known. */
export class KnownTalk {
  readonly name: string
  readonly direct: readonly [string, string] | null
  id: string
  readonly sent = new Map<string, Sent>()
  readonly bySeq = new Map<number, Sent>()
  readonly stays = new Map<string, Stay[]>()
  readonly marks = new Map<string, KnownMarks>()
  ackedHead = 0
  /** Of a group: who was in it from the beginning on, and is it for good. */
  founders: readonly string[]
  /** A change of the membership is under way or has an unknown outcome: what it may have led to. */
  pending: ReadonlySet<string> | null = null
  /** The outcome of the pending change is unknown. */
  unsure = false
  members: ReadonlySet<string>
  /** A group whose creation has not been acknowledged. */
  certain: boolean

  constructor(name: string, direct: readonly [string, string] | null, members: readonly string[]) {
    this.name = name
    this.direct = direct
    this.id = direct === null ? name : ''
    this.founders = members
    this.members = new Set(members)
    this.certain = direct !== null
  }

  callSend(sender: string, id: string, text: string, moment: number): Sent {
    const key = keyOf(sender, id)
    let sent = this.sent.get(key)
    if (sent === undefined) {
      sent = {
        sender,
        id,
        text,
        firstCall: moment,
        lastCall: moment,
        calls: 0,
        open: 0,
        unknown: false,
        stored: false,
        seq: null,
        timestamp: null,
        known: null,
      }
      this.sent.set(key, sent)
    }
    sent.lastCall = moment
    sent.calls++
    sent.open++
    return sent
  }

  acknowledge(sent: Sent, receipt: SendReceipt, moment: number): void {
    sent.open--
    if (this.id === '') this.id = receipt.conversationId
    claim(
      receipt.conversationId === this.id && receipt.messageId === sent.id,
      'I6 a receipt of something else',
      receipt,
    )
    claim(!receipt.duplicate || sent.calls > 1, 'I6 a duplicate of nothing', receipt)
    claim(receipt.duplicate || !sent.stored, 'I6 stored twice', receipt)
    claim(
      sent.seq === null || (receipt.seq === sent.seq && receipt.timestamp === sent.timestamp),
      'I6 another receipt',
      receipt,
      sent,
    )
    sent.stored ||= !receipt.duplicate
    this.#store(sent, receipt.seq, receipt.timestamp, moment)
    this.ackedHead = Math.max(this.ackedHead, receipt.seq)
  }

  /** Somebody saw this message: it is durable. */
  observe(message: Message, moment: number): Sent {
    const sent = this.sent.get(keyOf(message.sender, message.id))
    claim(
      sent !== undefined && sent.text === message.text,
      'I2 a message that nobody sent',
      this.name,
      message,
    )
    claim(message.conversationId === this.id || this.id === '', 'I20 a message of elsewhere', message)
    this.id = message.conversationId
    claim(sent.seq !== null || sent.open > 0 || sent.unknown, 'I2 a ghost', this.name, message, sent)
    if (sent.seq !== null) {
      claim(
        sent.seq === message.seq && sent.timestamp === message.timestamp,
        'I1 a message changed',
        message,
        sent,
      )
    }
    this.#store(sent, message.seq, message.timestamp, moment)
    return sent
  }

  #store(sent: Sent, seq: number, timestamp: number, moment: number): void {
    const other = this.bySeq.get(seq)
    claim(other === undefined || other === sent, 'I4 two messages with one seq', this.name, other, sent)
    this.bySeq.set(seq, sent)
    sent.seq = seq
    sent.timestamp = timestamp
    sent.known ??= moment
  }

  /** All that is there has been read: whatever else was unknown is absent, for good. */
  settle(present: ReadonlySet<Sent>): void {
    for (const sent of this.sent.values()) {
      claim(sent.seq === null || present.has(sent), 'I1 a message is gone', this.name, sent)
      sent.unknown = false
    }
  }

  /** A power cut in a durability that allows loss: nothing is known but what was tried. */
  forget(): void {
    this.bySeq.clear()
    this.ackedHead = 0
    for (const marks of this.marks.values()) {
      marks.read = marks.delivered = 0
      marks.mayRead = marks.mayDelivered = Infinity
    }
    for (const sent of this.sent.values()) {
      sent.seq = sent.timestamp = sent.known = null
      sent.stored = false
      sent.unknown = true
    }
  }

  marksOf(user: string): KnownMarks {
    let marks = this.marks.get(user)
    if (marks === undefined) {
      marks = { read: 0, delivered: 0, mayRead: 0, mayDelivered: 0 }
      this.marks.set(user, marks)
    }
    return marks
  }

  /** Present for sure, not for sure, or neither. */
  standing(user: string): 'in' | 'out' | 'unknown' {
    if (!this.certain) return 'unknown'
    const now = this.members.has(user)
    if (this.pending !== null && this.pending.has(user) !== now) return 'unknown'
    return now ? 'in' : 'out'
  }

  /** Present from the beginning, and for good. */
  sawAll(user: string): boolean {
    return this.founders.includes(user) && this.stays.get(user) === undefined
  }
}

function keyOf(sender: string, id: string): string {
  return JSON.stringify([sender, id])
}
