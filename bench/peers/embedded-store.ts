import type { DirectSend, Send } from '../workload/send.js'
import type { GroupPlan } from '../workload/groups.js'
import { BoundedMap } from './bounded-map.js'
import type {
  Answer,
  Contestant,
  ConversationReference,
  ConversationRow,
  MessageView,
  Receipt,
} from './contestant.js'
import { type ConversationState, emptySeat, type Newest, type Seat, seatOf } from './conversation-state.js'
import { GroupCommit, Refusal } from './group-commit.js'
import { IdempotencyConflict, NotAMember } from './refusals.js'
import type { Tables } from './tables.js'

type Work =
  | { readonly kind: 'send'; readonly send: Send }
  | { readonly kind: 'mark'; readonly user: string; readonly conversation: string; readonly seq: number }
  | { readonly kind: 'group'; readonly group: GroupPlan }

type WorkResult = Receipt | string | undefined

/** Enough for all active conversations of the workloads that are meant to fit, a fifth of those that are not. */
const STATES_KEPT = 200_000
const NAMES_KEPT = 200_000
/** Pairs of users as one number: exact below 2 ** 53 for up to 2 ** 26 users. */
const USERS_LIMIT = 2 ** 26

/**
 * A chat store over an embedded database, as somebody would write it who knows the database well: sends are committed
 * in groups, one transaction and one sync each; the heads of active conversations stay in memory, so that a send reads
 * nothing; and a conversation moves in its members' lists once per group, however many of its messages the group has.
 */
export class EmbeddedStore implements Contestant {
  readonly #tables: Tables
  readonly #queue = new GroupCommit<Work, WorkResult>((works) => this.#commit(works))
  readonly #states = new BoundedMap<number, ConversationState>(STATES_KEPT)
  readonly #directs = new BoundedMap<number, number>(STATES_KEPT)
  readonly #users = new BoundedMap<string, number>(NAMES_KEPT)
  readonly #moved = new Map<ConversationState, Newest>()
  readonly #marked = new Map<Seat, ConversationState>()
  readonly #appended: Array<{
    readonly state: ConversationState
    readonly seq: number
    readonly sender: number
  }> = []
  #position: number

  constructor(tables: Tables) {
    this.#tables = tables
    this.#position = tables.lastPosition()
  }

  async send(send: Send): Promise<Receipt> {
    return (await this.#queue.add({ kind: 'send', send })) as Receipt
  }

  markRead(user: string, conversation: ConversationReference, seq: number): Promise<unknown> {
    return this.#queue.add({ kind: 'mark', user, conversation, seq })
  }

  async createGroup(group: GroupPlan): Promise<ConversationReference> {
    return (await this.#queue.add({ kind: 'group', group })) as string
  }

  list(user: string): Answer<ConversationRow[]> {
    const found = this.#find(user)
    return found === undefined ? [] : this.#tables.list(found)
  }

  page(
    user: string,
    conversation: ConversationReference,
    before = Number.MAX_SAFE_INTEGER,
  ): Answer<MessageView[]> {
    const state = this.#state(Number(conversation))
    if (seatOf(state, this.#find(user) ?? 0) === undefined) throw new NotAMember()
    return this.#tables.page(state.key, Math.min(before, state.storedHead + 1))
  }

  conversationOf(one: string, other: string): ConversationReference {
    const key = this.#findDirect(this.#find(one) ?? 0, this.#find(other) ?? 0)
    if (key === undefined) throw new Error(`${one} and ${other} have exchanged nothing`)
    return String(key)
  }

  async settle(): Promise<void> {
    await this.#queue.drained()
    await this.#tables.settle()
  }

  async checkpoint(): Promise<void> {
    await this.#queue.drained()
    await this.#tables.checkpoint()
  }

  async close(): Promise<void> {
    await this.#queue.drained()
    await this.#tables.close()
  }

  #commit(works: readonly Work[]): Answer<Array<WorkResult | Refusal>> {
    this.#tables.begin()
    let results: Array<WorkResult | Refusal>
    let written: Answer<void>
    try {
      results = works.map((work) => this.#apply(work))
      this.#writeSeats()
      written = this.#tables.commit()
    } catch (error) {
      this.#undo()
      throw error
    }
    if (!(written instanceof Promise)) return this.#committed(results)
    return written.then(
      () => this.#committed(results),
      (error: unknown) => {
        this.#undo()
        throw error
      },
    )
  }

  #committed<Results>(results: Results): Results {
    for (const state of this.#moved.keys()) {
      state.storedHead = state.head
      state.listedAt = state.position
    }
    this.#endGroup()
    this.#states.trim()
    this.#directs.trim()
    this.#users.trim()
    return results
  }

  #endGroup(): void {
    this.#moved.clear()
    this.#marked.clear()
    this.#appended.length = 0
  }

  /** What is in memory runs ahead of a group that failed: all of it is loaded again when needed. */
  #undo(): void {
    this.#tables.rollback()
    this.#endGroup()
    this.#states.clear()
    this.#directs.clear()
    this.#users.clear()
  }

  #apply(work: Work): WorkResult | Refusal {
    if (work.kind === 'send') return this.#append(work.send)
    if (work.kind === 'mark') return this.#mark(work.user, work.conversation, work.seq)
    return this.#addGroup(work.group)
  }

  #append(send: Send): Receipt | Refusal {
    const sender = this.#findOrAdd(send.sender)
    const state = 'receiver' in send ? this.#direct(sender, send) : this.#state(Number(send.conversationId))
    const seat = seatOf(state, sender)
    if (seat === undefined) return new Refusal(new NotAMember())
    const seq = state.head + 1
    const position = this.#position + 1
    const timestamp = Date.now()
    const original = this.#tables.addMessage(state.key, seq, position, sender, timestamp, send)
    if (original !== undefined) {
      if (original.text !== send.text) return new Refusal(new IdempotencyConflict())
      return { seq: original.seq, duplicate: true }
    }
    state.head = seq
    state.position = this.#position = position
    seat.own++
    this.#appended.push({ state, seq, sender })
    this.#moved.set(state, {
      sender: send.sender,
      timestamp,
      sentAt: send.timestamp,
      id: send.id,
      text: send.text,
    })
    return { seq, duplicate: false }
  }

  #mark(user: string, conversation: string, seq: number): Refusal | undefined {
    const state = this.#state(Number(conversation))
    const seat = seatOf(state, this.#find(user) ?? 0)
    if (seat === undefined) return new Refusal(new NotAMember())
    const target = Math.min(seq, state.head)
    if (target <= seat.readSeq) return undefined
    seat.readSeq = target
    seat.readOwn = seat.own - this.#countOwnAfter(state, seat.user, target)
    this.#marked.set(seat, state)
    return undefined
  }

  #countOwnAfter(state: ConversationState, user: number, after: number): number {
    if (after === state.head) return 0
    const fresh = this.#appended.filter(
      (row) => row.state === state && row.sender === user && row.seq > after,
    )
    if (after >= state.storedHead) return fresh.length
    return fresh.length + this.#tables.countOwn(state.key, user, after, state.storedHead)
  }

  #addGroup(group: GroupPlan): string {
    const seats = group.members.map((member) => emptySeat(this.#findOrAdd(member)))
    const position = ++this.#position
    const key = this.#tables.addGroup(
      seats.map((seat) => seat.user),
      position,
    )
    const state: ConversationState = { key, seats, head: 0, position, storedHead: 0, listedAt: position }
    this.#states.set(key, state)
    for (const seat of seats) this.#tables.addSeat(state, seat, null)
    return String(key)
  }

  #writeSeats(): void {
    for (const [state, newest] of this.#moved) {
      for (const seat of state.seats) {
        if (state.listedAt === 0) this.#tables.addSeat(state, seat, newest)
        else this.#tables.moveSeat(state, seat, newest)
      }
    }
    for (const [seat, state] of this.#marked) {
      if (!this.#moved.has(state)) this.#tables.markSeat(state, seat)
    }
  }

  #find(name: string): number | undefined {
    const known = this.#users.get(name)
    if (known !== undefined) return known
    const user = this.#tables.findUser(name)
    if (user !== undefined) this.#users.set(name, user)
    return user
  }

  #findOrAdd(name: string): number {
    const found = this.#find(name)
    if (found !== undefined) return found
    const user = this.#tables.addUser(name)
    this.#users.set(name, user)
    return user
  }

  #findDirect(user: number, peer: number): number | undefined {
    const one = Math.min(user, peer)
    const other = Math.max(user, peer)
    const pair = one * USERS_LIMIT + other
    const known = this.#directs.get(pair)
    if (known !== undefined) return known
    const key = this.#tables.findDirect(one, other)
    if (key !== undefined) this.#directs.set(pair, key)
    return key
  }

  #direct(sender: number, send: DirectSend): ConversationState {
    const receiver = this.#findOrAdd(send.receiver)
    const known = this.#findDirect(sender, receiver)
    if (known !== undefined) return this.#state(known)
    const one = Math.min(sender, receiver)
    const other = Math.max(sender, receiver)
    const key = this.#tables.addDirect(one, other)
    const seats = [emptySeat(one), emptySeat(other)]
    const state: ConversationState = { key, seats, head: 0, position: 0, storedHead: 0, listedAt: 0 }
    this.#states.set(key, state)
    this.#directs.set(one * USERS_LIMIT + other, key)
    return state
  }

  #state(key: number): ConversationState {
    const known = this.#states.get(key)
    if (known !== undefined) return known
    const { users, head, position } = this.#tables.loadConversation(key)
    const seats = users.map((user) => ({ user, ...this.#tables.loadSeat(user, position) }))
    const state: ConversationState = { key, seats, head, position, storedHead: head, listedAt: position }
    this.#states.set(key, state)
    return state
  }
}
