import type { MessageStore } from '../../src/api/message-store.js'
import { SeededChance } from '../../src/backend/reference/seeded-chance.js'
import { isColumbaError } from '../../src/errors.js'
import { crashUsers, directSend, groupSend } from './crash-world.js'
import type { GroupNow, WorkerPlan } from './crash-world.js'
import type { Journal } from './journal.js'
import { perform, refusalsOf } from './operation.js'
import type { Operation, Send } from './operation.js'

/** How often each kind of call is made, out of the sum. */
const weights: readonly (readonly [keyof typeof kinds, number])[] = [
  ['direct', 40],
  ['group', 14],
  ['again', 12],
  ['mark', 14],
  ['create', 1],
  ['member', 2],
  ['title', 1],
  ['block', 1],
  ['contact', 2],
  ['profile', 1],
  ['look', 8],
  ['checkpoint', 0.5],
]
const sum = weights.reduce((total, [, weight]) => total + weight, 0)

const kinds = {
  direct: (workload: Workload) => workload.direct(),
  group: (workload: Workload) => workload.group(),
  again: (workload: Workload) => workload.again(),
  mark: (workload: Workload) => workload.mark(),
  create: (workload: Workload) => workload.create(),
  member: (workload: Workload) => workload.member(),
  title: (workload: Workload) => workload.title(),
  block: (workload: Workload) => workload.block(),
  contact: (workload: Workload) => workload.contact(),
  profile: (workload: Workload) => workload.profile(),
  look: (workload: Workload) => workload.look(),
  checkpoint: (workload: Workload) => workload.checkpoint(),
} as const

/** What calls may say of a fault that was put in their way. */
const saidOfFaults: readonly string[] = ['POISONED', 'OUTCOME_UNKNOWN', 'NO_SPACE', 'OVERLOADED']

/** Some clients that make calls one after the other, each chosen by chance, and a journal of what they were told. */
export class Workload {
  readonly #store: MessageStore
  readonly #plan: WorkerPlan
  readonly #journal: Journal
  readonly #chance: SeededChance
  readonly #groups: GroupNow[]
  readonly #sent: Send[]
  readonly #heads = new Map<string, { readonly send: Send; seq: number }>()
  /** Values that one call at a time may change: only then it is known what they may be after a crash. */
  readonly #busy = new Set<string>()
  #calls = 0
  #ids = 0
  ended = false

  constructor(store: MessageStore, plan: WorkerPlan, journal: Journal) {
    this.#store = store
    this.#plan = plan
    this.#journal = journal
    this.#chance = new SeededChance(plan.seed)
    this.#groups = plan.groups.map(({ id, creator, members }) => ({ id, creator, members: [...members] }))
    this.#sent = [...plan.retry]
  }

  /** Resolves when all calls of the plan are made, or when the store takes no more. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: this.#plan.clients }, () => this.#client()))
  }

  async #client(): Promise<void> {
    while (!this.ended && this.#calls < this.#plan.calls) {
      this.#calls++
      if (this.#calls === this.#plan.sayAt) process.stdout.write('working\n')
      let at = this.#chance.next() * sum
      const kind = weights.find(([, weight]) => (at -= weight) < 0)?.[0] ?? 'direct'
      await kinds[kind](this)
    }
  }

  // ---- the calls

  direct(): Promise<void> {
    const [sender, receiver] = this.#two()
    return this.#send(directSend(sender, receiver, this.#newId()))
  }

  group(): Promise<void> {
    const group = this.#group()
    if (group === undefined) return this.direct()
    return this.#send(groupSend(this.#one(group.members), group.id, this.#newId()))
  }

  /** A send of before once more: one under way, one acknowledged, or one that died with an earlier process; or twins. */
  again(): Promise<void> {
    if (this.#sent.length === 0 || this.#chance.happens(0.2)) return this.#twins()
    return this.#send(this.#one(this.#chance.happens(0.5) ? this.#sent.slice(-16) : this.#sent))
  }

  async #twins(): Promise<void> {
    const send = directSend(...this.#two(), this.#newId())
    await Promise.all([this.#send(send), this.#send(send)])
  }

  async mark(): Promise<void> {
    const known = [...this.#heads.values()]
    if (known.length === 0) return this.direct()
    const { send, seq } = this.#one(known)
    const user = send.receiver === null || this.#chance.happens(0.3) ? send.sender : send.receiver
    const by = this.#chance.happens(0.6) ? 'read' : 'delivered'
    const to = Math.max(0, seq - this.#chance.below(4))
    await this.#call({ kind: 'mark', user, conversation: send.conversation, by, seq: to })
  }

  async create(): Promise<void> {
    const { cycle } = this.#plan
    const id = `group ${cycle}/${this.#ids++}`
    const [creator] = this.#two()
    const members = crashUsers.filter((user) => user === creator || this.#chance.happens(0.5))
    if (await this.#call({ kind: 'create', conversation: id, creator, members, title: id }))
      this.#groups.push({ id, creator, members: [...members] })
  }

  async member(): Promise<void> {
    const group = this.#group()
    if (group === undefined) return
    const user = this.#one(crashUsers)
    if (user === group.creator) return
    const joins = !group.members.includes(user)
    const { id, creator } = group
    await this.#alone(`member ${id} ${user}`, async () => {
      if (!joins) group.members.splice(group.members.indexOf(user), 1)
      const done = await this.#call({ kind: 'member', conversation: id, actor: creator, user, joins })
      if (joins && done) group.members.push(user)
    })
  }

  async title(): Promise<void> {
    const group = this.#group()
    if (group === undefined) return
    const { id, creator } = group
    await this.#alone(`title ${id}`, () =>
      this.#call({ kind: 'title', conversation: id, actor: creator, title: this.#newId() }),
    )
  }

  async block(): Promise<void> {
    const [user, other] = this.#two()
    if (user === other) return
    await this.#alone(`block ${user} ${other}`, () =>
      this.#call({ kind: 'block', user, other, blocked: this.#chance.happens(0.4) }),
    )
  }

  async contact(): Promise<void> {
    const [user, other] = this.#two()
    if (user === other) return
    const alias = this.#chance.happens(0.3) ? null : this.#newId()
    await this.#alone(`contact ${user} ${other}`, () => this.#call({ kind: 'contact', user, other, alias }))
  }

  async profile(): Promise<void> {
    const user = this.#one(crashUsers)
    await this.#alone(`profile ${user}`, () => this.#call({ kind: 'profile', user, name: this.#newId() }))
  }

  /** A reader; what it is shown has to be there for good. */
  async look(): Promise<void> {
    const user = this.#one(crashUsers)
    try {
      const { items } = await this.#store.getConversations(user, { limit: 5 })
      for (const { lastMessage } of items) this.#saw(user, lastMessage)
      const first = items[0]
      if (first === undefined) return
      for (const message of (await this.#store.getMessages(user, first.id, { limit: 5 })).items)
        this.#saw(user, message)
    } catch (error) {
      this.#expect(error)
    }
  }

  async checkpoint(): Promise<void> {
    await this.#store.admin.checkpoint().catch((error: unknown) => {
      this.#expect(error)
    })
  }

  // ---- how they are made

  async #send(send: Send): Promise<void> {
    this.#sent.push(send)
    await this.#call(send)
  }

  async #call(operation: Operation): Promise<boolean> {
    const n = this.#ids++
    this.#journal.write({ line: 'call', n, operation })
    try {
      const receipt = await perform(this.#store, operation)
      this.#journal.write({ line: 'done', n, receipt })
      if (operation.kind === 'send' && receipt !== null) this.#noteHead(operation, receipt.seq)
      return true
    } catch (error) {
      const code = this.#expect(error, refusalsOf(operation))
      this.#journal.write({ line: 'refused', n, code, definite: code !== 'OUTCOME_UNKNOWN' })
      return false
    }
  }

  #noteHead(send: Send, seq: number): void {
    const known = this.#heads.get(send.conversation)
    if (known === undefined) this.#heads.set(send.conversation, { send, seq })
    else known.seq = Math.max(known.seq, seq)
  }

  /** The error's code if it may come; whatever else is thrown ends the process, and is in the journal before. */
  #expect(error: unknown, refusals: readonly string[] = []): string {
    const code = isColumbaError(error) ? error.code : ''
    const isClosed = code === 'CLOSED' && this.ended
    const isFault = this.#plan.faults && saidOfFaults.includes(code)
    if (!isColumbaError(error) || !(isClosed || isFault || refusals.includes(code))) {
      this.#journal.write({ line: 'failed', error: `${code} ${String(error)}` })
      throw error
    }
    if (isFault) this.#journal.write({ line: 'fault', code })
    if (error.kind === 'closed' || error.kind === 'unknown') this.ended = true
    return code
  }

  #saw(user: string, message: { conversationId: string; seq: number; id: string } | null): void {
    if (message === null) return
    const { conversationId, seq, id } = message
    this.#journal.write({ line: 'seen', user, conversation: conversationId, seq, id })
  }

  async #alone(value: string, work: () => Promise<unknown>): Promise<void> {
    if (this.#busy.has(value)) return
    this.#busy.add(value)
    await work()
    this.#busy.delete(value)
  }

  #newId(): string {
    return `${this.#plan.cycle}-${this.#ids++}`
  }

  #one<T>(from: readonly T[]): T {
    return from[this.#chance.below(from.length)] as T
  }

  /** Two users; now and then the same one twice, for notes to self. */
  #two(): [string, string] {
    return [this.#one(crashUsers), this.#one(crashUsers)]
  }

  #group(): GroupNow | undefined {
    return this.#groups.length === 0 ? undefined : this.#one(this.#groups)
  }
}
