import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ConversationEntry } from '../../../src/local/memory/entries.js'
import { PendingEvent, PendingQueue, PendingSend } from '../../../src/local/writes/pending.js'
import type { ConversationId, MessageId, UserId } from '../../../src/model/ids.js'
import type { MessageDraft } from '../../../src/model/message.js'

const draft: MessageDraft = {
  sender: 'ada' as UserId,
  id: 'an id' as MessageId,
  text: '',
  deviceId: undefined,
  attributes: undefined,
  sentAt: undefined,
}
const nothing = (): void => undefined

/** A queue as the writer fills it and the log empties it. */
class Writes {
  readonly queue = new PendingQueue()
  readonly sends: PendingSend[] = []
  readonly #all: (PendingSend | PendingEvent)[] = []
  #position = 1000

  send(entry: ConversationEntry): void {
    const send = new PendingSend(entry, draft, ++entry.head, 0, nothing)
    this.#push(send)
    this.sends.push(send)
    entry.lastPosition = send.position
  }

  other(): void {
    this.#push(new PendingEvent(0, nothing))
  }

  drop(): void {
    const oldest = this.#all.shift()
    if (oldest === undefined) return
    if (oldest instanceof PendingSend) oldest.entry.durableHead = this.sends.shift()?.seq as number
    this.queue.drop()
  }

  #push(write: PendingSend | PendingEvent): void {
    write.position = ++this.#position
    this.queue.push(write)
    this.#all.push(write)
  }
}

test('each message that is under way is found, and no other one', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ send: fc.nat(2), times: fc.constantFrom(1, 2, 300) }) },
    { weight: 1, arbitrary: fc.constant('other' as const) },
    { weight: 3, arbitrary: fc.record({ drop: fc.constantFrom(1, 3, 400) }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const entries = ['a', 'b', 'c'].map((id) => new ConversationEntry(id as ConversationId))
      const writes = new Writes()
      for (const one of steps) {
        if (one === 'other') writes.other()
        else if ('drop' in one) for (let i = 0; i < one.drop; i++) writes.drop()
        else for (let i = 0; i < one.times; i++) writes.send(entries[one.send] as ConversationEntry)
      }
      const { queue } = writes
      for (const send of writes.sends) if (queue.findSend(send.entry, send.seq) !== send) expect.fail()
      for (const entry of entries) {
        expect(queue.findSend(entry, entry.durableHead)).toBeUndefined()
        expect(queue.findSend(entry, entry.head + 1)).toBeUndefined()
      }
    }),
    { numRuns: 30 },
  )
})

test('among many that are under way one is found in few steps', () => {
  const entry = new ConversationEntry('a' as ConversationId)
  const others = new ConversationEntry('b' as ConversationId)
  const writes = new Writes()
  for (let i = 0; i < 10_000; i++) {
    writes.send(entry)
    writes.send(others)
  }
  let steps = 0
  for (const send of writes.sends) {
    const { leap } = send
    Object.defineProperty(send, 'leap', {
      get: () => {
        steps += 1
        return leap
      },
    })
  }
  for (let seq = 1; seq <= entry.head; seq += 5) {
    steps = 0
    if (writes.queue.findSend(entry, seq)?.seq !== seq) expect.fail()
    // Leaps over all those between, and then one by one.
    expect(steps).toBeLessThan(300)
  }
})
