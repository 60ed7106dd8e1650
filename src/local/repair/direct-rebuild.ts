import { flags } from '../../formats/records.js'
import { directMarksBytes, writeDirectMarks } from '../../formats/direct-marks.js'
import type { ContactRow, MarksRow } from '../../formats/record-parts.js'
import { foundAt, markMoves, marksUpTo, readState, type FoundState } from './conversation-state.js'
import type { ConversationFacts, MessageFact } from './facts.js'
import { pairOf } from './row-facts.js'
import { lostBody, seqRange } from './lost-body.js'
import { directRecord } from './message-records.js'
import type { RepairNotes } from './repair-notes.js'
import type { Replay } from './replay.js'
import { greatest, stretches, type LostMessage } from './sequence.js'

/** Makes the records of a direct conversation anew from what was found of it. */
export async function rebuildDirect(
  found: ConversationFacts,
  replay: Replay,
  notes: RepairNotes,
): Promise<void> {
  const { state, messages } = await readState(found)
  const where = `conversation ${JSON.stringify(found.id)}`
  const pair = state.pair ?? pairOfContacts(state)
  if (pair === null) {
    const head = greatest(state.anchors.keys())
    notes.lose('conversation of which nothing says whose it is', `${where}, ${head} messages`)
    return
  }
  const rebuild = new DirectRebuild(found.id, pair, state, replay, notes)
  await rebuild.messages(messages)
  rebuild.contacts()
  rebuild.marks()
  state.traces.name(notes, found.id, (trace) => foundAt(state, trace))
}

function pairOfContacts(state: FoundState): readonly [string, string] | null {
  for (const { user, other } of [...state.contacts.values(), ...state.traces])
    if (other !== undefined) return pairOf(user, other)
  return null
}

class DirectRebuild {
  readonly #id: string
  readonly #pair: readonly [string, string]
  readonly #state: FoundState
  readonly #replay: Replay
  readonly #notes: RepairNotes
  readonly #blocked: readonly [boolean, boolean]
  /** Messages of the first participant up to each one's read mark. */
  readonly #n0AtRead: [number, number] = [0, 0]
  #head = 0
  #n0 = 0
  #position = 0

  constructor(
    id: string,
    pair: readonly [string, string],
    state: FoundState,
    replay: Replay,
    notes: RepairNotes,
  ) {
    this.#id = id
    this.#pair = pair
    this.#state = state
    this.#replay = replay
    this.#notes = notes
    // The first is blocked by the second's contact, and the other way round.
    this.#blocked = [
      this.#isBlocked(pair[1], state.blocks?.firstBlocked),
      this.#isBlocked(pair[0], state.blocks?.secondBlocked),
    ]
  }

  async messages(messages: AsyncIterable<MessageFact>): Promise<void> {
    for await (const stretch of stretches(messages, this.#state.anchors)) {
      if (stretch.kind === 'message') {
        const { message } = stretch
        this.#message(message, message.sender === this.#pair[0] ? 0 : 1, message.body)
      } else this.#gap(stretch.lost, stretch.after)
      await this.#replay.makeRoom()
    }
    if (this.#head > 0) this.#notes.rebuild('direct conversations')
  }

  contacts(): void {
    for (const side of [0, 1] as const) {
      const user = this.#pair[side]
      const other = this.#pair[1 - side] as string
      if (user === other && side === 1) continue
      const found = this.#state.contacts.get(user)
      const blocked = user !== other && (this.#blocked[1 - side] as boolean)
      if (found === undefined && !blocked) continue
      const position = Math.max(1, found?.contact.position ?? this.#state.blocks?.position ?? 1)
      const { listed = false, alias } = found?.contact ?? {}
      this.#contact(user, other, { listed, alias, blocked }, position)
    }
  }

  marks(): void {
    for (const [user, marks] of this.#state.marks) this.#marksOf(user, marks)
  }

  #isBlocked(by: string, said: boolean | undefined): boolean {
    if (this.#pair[0] === this.#pair[1]) return false
    return this.#state.contacts.get(by)?.contact.blocked ?? said ?? false
  }

  #message({ seq, position, timestamp }: LostMessage, author: 0 | 1, body: Buffer): void {
    if (author === 0) this.#n0++
    const [firstBlocked, secondBlocked] = this.#blocked
    const bits =
      (author === 1 ? flags.second : 0) |
      (firstBlocked ? flags.firstBlocked : 0) |
      (secondBlocked ? flags.secondBlocked : 0)
    const record = directRecord(
      { timestamp, bits, seq, count: this.#n0, ids: this.#pair },
      { conversation: this.#id, previous: this.#position },
      body,
    )
    this.#replay.direct(position, timestamp, record)
    for (const side of [0, 1] as const) {
      if (seq <= (this.#state.marks.get(this.#pair[side])?.read ?? 0)) this.#n0AtRead[side] = this.#n0
    }
    this.#head = seq
    this.#position = position
    this.#notes.rebuild('messages')
  }

  /** Who wrote what is gone is known by number only: as many of them as are missing count as the first participant's. */
  #gap(lost: readonly LostMessage[], after: MessageFact | null): void {
    const [first, last] = [lost[0] as LostMessage, lost.at(-1) as LostMessage]
    this.#notes.lose(
      'lost messages',
      `conversation ${JSON.stringify(this.#id)} of ${this.#names()}, ${seqRange(first.seq, last.seq)}`,
    )
    let ofFirst = this.#n0Before(after, last.seq) - this.#n0
    for (const message of lost) {
      const author = this.#pair[0] === this.#pair[1] || ofFirst-- > 0 ? 0 : 1
      this.#message(message, author, lostBody(this.#pair[author], message.seq))
    }
  }

  #n0Before(after: MessageFact | null, last: number): number {
    if (after !== null && after.n0 !== null) return after.n0 - (after.sender === this.#pair[0] ? 1 : 0)
    return this.#state.anchors.get(last)?.n0 ?? 0
  }

  /** A block stands in the head as well, which without messages only a block makes. */
  #contact(user: string, other: string, contact: ContactRow, position: number): void {
    const time = 0
    this.#notes.rebuild('contacts')
    if (this.#head > 0 || !contact.blocked) {
      this.#replay.other(position, { kind: 'contact', time, user, other, contact })
      return
    }
    const [firstBlocked, secondBlocked] = this.#blocked
    const head = { head: 0, n0: 0, position: 0, timestamp: 0, firstBlocked, secondBlocked }
    this.#replay.other(position, { kind: 'block', time, blocker: user, other, contact, head, previous: 0 })
  }

  #marksOf(user: string, found: MarksRow): void {
    const side = this.#pair.indexOf(user)
    if (side < 0 || this.#head === 0) return
    const read = Math.min(found.read, this.#head)
    const n0 = this.#n0AtRead[side as 0 | 1]
    const own = side === 0 ? n0 : read - n0
    const marks = marksUpTo(found, this.#head, own)
    if (marks === null) return
    for (const { by, position } of markMoves(marks)) {
      const record = Buffer.alloc(directMarksBytes)
      const end = writeDirectMarks(record, 0, 0, side as 0 | 1, by, marks, ...this.#pair, this.#id)
      this.#replay.direct(position, 0, record.subarray(0, end))
    }
    this.#notes.rebuild('marks')
  }

  #names(): string {
    return this.#pair.map((id) => JSON.stringify(id)).join(' and ')
  }
}
