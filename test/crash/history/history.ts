import { isDeepStrictEqual } from 'node:util'
import type { SendReceipt } from '../../../src/model/message.js'
import type { JournalLine } from '../journal.js'
import type { CreateGroup, Operation, Send } from '../operation.js'
import { Memberships } from './memberships.js'
import { Registers } from './registers.js'
import { keyOf } from './sent-message.js'
import type { SentMessage } from './sent-message.js'

/** Marks of a user in a conversation: the least and the most that they may be. */
export interface KnownMarks {
  readonly read: { acknowledged: number; attempted: number }
  readonly delivered: { acknowledged: number; attempted: number }
}

export interface SeenMessage {
  readonly user: string
  readonly conversation: string
  readonly seq: number
  readonly id: string
}

/**
 * What the outside world knows of a store: built from the journals of its processes and from checks between them, and
 * never from the store's own files. Time is the order of the journal's lines.
 */
export class History {
  readonly messages = new Map<string, SentMessage>()
  readonly registers = new Registers()
  readonly memberships = new Memberships()
  readonly groups = new Map<string, { readonly create: CreateGroup; state: 'there' | 'unknown' | 'absent' }>()
  readonly marks = new Map<string, KnownMarks>()
  readonly #places = new Map<string, SentMessage>()
  readonly seen: SeenMessage[] = []
  /** Things that were wrong in the journals alone. */
  readonly violations: string[] = []
  cycle = 0
  now = 0
  /** Calls that the processes were told the success of; those of the checker do not count. */
  acknowledgements = 0
  /** Calls of which no process could tell what became of them. */
  unknowns = 0

  /** Takes over what a process has left. Whatever it had under way has an unknown outcome. */
  read(lines: readonly JournalLine[]): void {
    const open = new Map<number, OpenCall>()
    for (const line of lines) {
      this.now++
      if (line.line === 'call') {
        open.set(line.n, { operation: line.operation, called: this.now })
        this.#called(line.operation)
      } else if (line.line === 'done') {
        const { operation, called } = take(open, line.n)
        this.#done(operation, line.receipt, called)
        this.acknowledgements++
      } else if (line.line === 'refused') {
        this.#refused(take(open, line.n).operation, line.definite)
        if (!line.definite) this.unknowns++
      } else if (line.line === 'seen') this.seen.push(line)
    }
    for (const { operation } of open.values()) this.#refused(operation, false)
    this.unknowns += open.size
  }

  /** A call that the checker itself makes. */
  async make<T extends SendReceipt | null>(operation: Operation, call: () => Promise<T>): Promise<T> {
    const called = ++this.now
    this.#called(operation)
    try {
      const receipt = await call()
      this.now++
      this.#done(operation, receipt, called)
      return receipt
    } catch (error) {
      this.#refused(operation, true)
      throw error
    }
  }

  /** A message is there, at its place, for good. */
  stored(message: SentMessage, receipt: SendReceipt): void {
    message.receipt = receipt
    message.state = 'acknowledged'
    message.known = this.now
    this.#places.set(placeOf(message.send.conversation, receipt.seq), message)
  }

  marksOf(user: string, conversation: string): KnownMarks {
    const key = JSON.stringify([user, conversation])
    let marks = this.marks.get(key)
    if (marks === undefined) {
      marks = {
        read: { acknowledged: 0, attempted: 0 },
        delivered: { acknowledged: 0, attempted: 0 },
      }
      this.marks.set(key, marks)
    }
    return marks
  }

  #called(operation: Operation): void {
    switch (operation.kind) {
      case 'send':
        this.#sendCalled(operation)
        break
      case 'mark': {
        const mark = this.marksOf(operation.user, operation.conversation)[operation.by]
        mark.attempted = Math.max(mark.attempted, operation.seq)
        break
      }
      case 'create':
        this.groups.set(operation.conversation, { create: operation, state: 'unknown' })
        break
      case 'member':
        this.memberships.called(operation, this.now)
        break
      default:
        this.registers.called(operation)
    }
  }

  #done(operation: Operation, receipt: SendReceipt | null, called: number): void {
    switch (operation.kind) {
      case 'send':
        if (receipt !== null) this.#acknowledged(operation, receipt)
        break
      case 'mark': {
        const mark = this.marksOf(operation.user, operation.conversation)[operation.by]
        mark.acknowledged = Math.max(mark.acknowledged, this.#reached(operation, called))
        break
      }
      case 'create':
        this.groups.get(operation.conversation)!.state = 'there'
        this.memberships.created(operation, this.now)
        this.registers.settle(`title ${operation.conversation}`, operation.title)
        break
      case 'member':
        this.memberships.settled(operation, this.now)
        break
      default:
        this.registers.done(operation)
    }
  }

  /** Where a mark is at least: it goes no further than the newest message that the user may see. */
  #reached({ user, conversation, seq }: Mark, called: number): number {
    const { memberships } = this
    if (!this.groups.has(conversation)) return seq
    // Who is out of a group marks nothing in it.
    if (memberships.during(conversation, user, called, this.now) !== true) return 0
    // Who came back does not see what was written meanwhile.
    for (let at = seq; at > 0; at--) {
      const message = this.#places.get(placeOf(conversation, at))
      if (message === undefined) continue
      if (memberships.during(conversation, user, message.called, message.known) === true) return at
    }
    return 0
  }

  #refused(operation: Operation, definite: boolean): void {
    if (operation.kind === 'send') {
      const message = this.messages.get(keyOf(operation))!
      message.pending--
      // Another call with the key goes on where this one was refused.
      if (definite && message.state === 'absent') message.called = message.lastCalled
      if (!definite && message.state === 'absent') message.state = 'unknown'
    } else if (definite) {
      if (operation.kind === 'create') this.groups.get(operation.conversation)!.state = 'absent'
      else if (operation.kind === 'member') this.memberships.refused(operation)
      else if (operation.kind !== 'mark') this.registers.refused(operation)
    }
  }

  #sendCalled(send: Send): void {
    const { now: called, cycle } = this
    const known = this.messages.get(keyOf(send))
    if (known === undefined) {
      this.messages.set(keyOf(send), {
        send,
        state: 'absent',
        receipt: null,
        called,
        lastCalled: called,
        lastCycle: cycle,
        cycle,
        known: Infinity,
        pending: 1,
      })
    } else {
      if (known.state === 'absent' && known.pending === 0) Object.assign(known, { called, cycle })
      known.lastCalled = called
      known.lastCycle = cycle
      known.pending++
    }
  }

  #acknowledged(send: Send, receipt: SendReceipt): void {
    const message = this.messages.get(keyOf(send))!
    message.pending--
    if (message.receipt === null) {
      this.stored(message, { ...receipt, duplicate: false })
      if (receipt.conversationId !== send.conversation || receipt.messageId !== send.id)
        this.violations.push(`a receipt of something else: ${JSON.stringify({ send, receipt })}`)
    } else if (!isDeepStrictEqual(message.receipt, { ...receipt, duplicate: false })) {
      this.violations.push(`two receipts: ${JSON.stringify([message.receipt, receipt])}`)
    } else if (!receipt.duplicate && message.state === 'acknowledged') {
      this.violations.push(`stored twice: ${JSON.stringify(receipt)}`)
    }
    message.state = 'acknowledged'
  }
}

type Mark = Extract<Operation, { kind: 'mark' }>

const placeOf = (conversation: string, seq: number): string => JSON.stringify([conversation, seq])

interface OpenCall {
  readonly operation: Operation
  readonly called: number
}

function take(open: Map<number, OpenCall>, n: number): OpenCall {
  const call = open.get(n)
  if (call === undefined) throw new Error(`the journal has no call ${n}`)
  open.delete(n)
  return call
}
