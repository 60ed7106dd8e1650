import type { ErrorCode } from '../errors.js'
import type { Group } from '../model/group.js'
import type { SendReceipt } from '../model/message.js'
import { require, requireEqual } from './compare.js'
import type { Expectation } from './expectation.js'
import { accepted, refused } from './expectation.js'
import type { ManualClock } from './manual-clock.js'
import { canonical, isPresent, present } from './model-state.js'
import type { KnownContact, Member, Talk, ToldMessage } from './model-state.js'
import { ModelUsers } from './model-users.js'
import { listed, standing, unread, visible } from './model-views.js'
import { Moment } from './moment.js'
import type { ConversationRef, GroupRequestShape, SendRequestShape } from './store-under-test.js'

/**
 * The whole public contract as a plain object in memory: lists that are searched, and everything recounted when it is
 * asked for. It shares no code with the domain or with any backend. Each writing method says what the contract allows
 * the same call on the store to answer at this moment, and takes the store's answer over when it is given one.
 * What the store alone decides (ids that it makes, its time) is learned from its answers and held to its rules.
 */
export class ReferenceModel {
  readonly talks: Talk[] = []
  readonly users = new ModelUsers()
  readonly #clock: ManualClock
  readonly #contacts = new Map<string, Map<string, KnownContact>>()
  /** Ids that the store derived from sender, time and device. */
  readonly #derived = new Map<string, string>()
  #order = 0
  #time = 0

  constructor(clock: ManualClock) {
    this.#clock = clock
  }

  // ---- looking

  talk(id: string): Talk | undefined {
    return this.talks.find((talk) => talk.id === id)
  }

  direct(one: string, other: string): Talk | undefined {
    return this.talks.find(({ pair }) => pair !== null && pair.includes(one) && isPair(pair, one, other))
  }

  /** The conversation that a reference stands for, if this user is or was in it. */
  seenBy(user: string, ref: ConversationRef): Talk | undefined {
    const talk = typeof ref === 'string' ? this.talk(ref) : this.direct(user, ref.peer)
    return talk?.members.has(user) === true ? talk : undefined
  }

  /** The user's conversations, most recent first. */
  list(user: string): Talk[] {
    return this.talks
      .filter((talk) => listed(talk, user))
      .toSorted((one, other) => standing(other, user) - standing(one, user))
  }

  unread(user: string): { total: number; conversations: number } {
    const counts = this.list(user).map((talk) => unread(talk, user))
    return {
      total: counts.reduce((sum, count) => sum + count, 0),
      conversations: counts.filter((count) => count > 0).length,
    }
  }

  isBlocked(blocker: string, blocked: string): boolean {
    return this.#contacts.get(blocker)?.get(blocked)?.blocked === true
  }

  /** Entries by the bytes of the other's id. */
  contacts(user: string): [string, KnownContact][] {
    return [...(this.#contacts.get(user) ?? [])].toSorted(([one], [other]) =>
      Buffer.compare(Buffer.from(one), Buffer.from(other)),
    )
  }

  // ---- messages

  send(request: SendRequestShape): Expectation<SendReceipt> {
    const { sender } = request
    const receiver = 'receiver' in request ? request.receiver : undefined
    const talk =
      'conversationId' in request
        ? this.seenBy(sender, request.conversationId)
        : this.direct(sender, request.receiver)
    const told = talk === undefined ? undefined : this.#told(talk, request)
    if (talk !== undefined && told !== undefined) return repeat(talk, told, request)
    if (receiver === undefined && (talk === undefined || !isPresent(talk, sender)))
      return refused('NOT_A_MEMBER')
    const other = receiver ?? talk?.pair?.find((user) => user !== sender)
    if (other !== undefined && (talk?.kind ?? 'direct') === 'direct' && this.isBlocked(other, sender)) {
      return refused('BLOCKED')
    }
    return accepted((receipt) => {
      this.#append(talk ?? this.#begin(receipt.conversationId, sender, receiver ?? sender), request, receipt)
    })
  }

  #told(talk: Talk, request: SendRequestShape): ToldMessage | undefined {
    const derived = derivation(request)
    const id = derived === undefined ? request.id : this.#derived.get(derived)
    const given = derived === undefined
    return talk.messages.find(
      (message) => message.sender === request.sender && message.id === id && message.given === given,
    )
  }

  #begin(id: string, sender: string, receiver: string): Talk {
    require(id.startsWith('d.') &&
      this.talk(id) === undefined, 'a direct conversation has an id of its own', id)
    const talk: Talk = {
      id,
      kind: 'direct',
      pair: [sender, receiver],
      messages: [],
      members: new Map(),
      creator: null,
      createdAt: 0,
      createdAs: null,
      title: undefined,
      owner: null,
    }
    for (const user of new Set([sender, receiver])) this.#join(talk, user, 0, 0)
    this.talks.push(talk)
    return talk
  }

  #append(talk: Talk, request: SendRequestShape, receipt: SendReceipt): void {
    const { sender, text, deviceId, attributes, timestamp: sentAt } = request
    const { seq, messageId, timestamp } = receipt
    const expected = {
      conversationId: talk.id,
      seq: talk.messages.length + 1,
      messageId: request.id ?? messageId,
      timestamp,
      duplicate: false,
    }
    requireEqual(receipt, expected, 'the receipt of a new message')
    this.#observe(timestamp)
    const derived = derivation(request)
    if (request.id === undefined) {
      const taken = this.talks.some(({ messages }) => messages.some(({ id }) => id === messageId))
      require(derived !== undefined || !taken, 'an id that the store makes is new', messageId)
    }
    if (derived !== undefined) {
      require((this.#derived.get(derived) ?? messageId) === messageId &&
        [...this.#derived].every(
          ([key, id]) => key === derived || id !== messageId,
        ), 'derived ids are injective', messageId)
      this.#derived.set(derived, messageId)
    }
    const message = {
      seq,
      id: messageId,
      sender,
      deviceId,
      text,
      attributes,
      sentAt,
      timestamp,
      order: ++this.#order,
      given: derived === undefined,
    }
    talk.messages.push(message)
  }

  /** Holds a time of the store to its rules: not before the clock, never decreasing, never beyond what the clock showed. */
  #observe(time: number): void {
    const earliest = Math.max(this.#time, this.#clock.now())
    const { latest } = this.#clock
    const isWithin = earliest <= time && time <= latest
    require(isWithin, `a time of the store lies within ${earliest} and ${latest} (if it goes by the clock of the test: does it?)`, time)
    this.#time = time
  }

  // ---- marks

  mark(user: string, ref: ConversationRef, by: 'read' | 'delivered', seq?: number): Expectation<unknown> {
    const talk = this.seenBy(user, ref)
    const member = talk?.members.get(user)
    if (talk === undefined || member === undefined) {
      return typeof ref === 'string' ? refused('NOT_A_MEMBER') : { codes: ['NOT_A_MEMBER'], accept: nothing }
    }
    if (!isPresent(talk, user)) return { codes: ['NOT_A_MEMBER'], accept: nothing }
    return accepted(() => {
      const head = visible(talk, user).at(-1)?.seq ?? 0
      const target = Math.min(seq ?? head, head)
      if (by === 'read') member.read = Math.max(member.read, target)
      member.delivered = Math.max(member.delivered, target)
    })
  }

  // ---- contacts

  addContact(user: string, other: string, alias: string | undefined): Expectation<unknown> {
    return accepted(() => {
      const entry = this.#entry(user, other)
      entry.listed = true
      entry.alias = alias
    })
  }

  removeContact(user: string, other: string): Expectation<unknown> {
    return accepted(() => {
      const entry = this.#entry(user, other)
      entry.listed = false
      entry.alias = undefined
    })
  }

  setBlocked(user: string, other: string, blocked: boolean): Expectation<unknown> {
    return accepted(() => {
      this.#entry(user, other).blocked = blocked
    })
  }

  #entry(user: string, other: string): KnownContact {
    const mine = this.#contacts.get(user) ?? new Map<string, KnownContact>()
    this.#contacts.set(user, mine)
    const entry = mine.get(other) ?? { listed: false, alias: undefined, blocked: false }
    mine.set(other, entry)
    return entry
  }

  // ---- groups

  createGroup(request: GroupRequestShape): Expectation<Group> {
    const { creator, title, id } = request
    const members = new Set([creator, ...request.members])
    const createdAs = canonical([creator, title ?? null, [...members].toSorted()])
    const same = id === undefined ? undefined : this.talk(id)
    if (same !== undefined) {
      if (same.createdAs !== createdAs) return refused('IDEMPOTENCY_CONFLICT')
      return accepted((group) => {
        requireEqual(group, groupView(same), 'the answer to a repeated create')
      })
    }
    if ([...members].some((user) => this.isBlocked(user, creator))) return refused('BLOCKED')
    return accepted((group) => {
      const expected = {
        id: id ?? group.id,
        title,
        creator,
        owner: creator,
        memberCount: members.size,
        createdAt: group.createdAt,
      }
      requireEqual(group, expected, 'a new group')
      require(this.talk(group.id) === undefined &&
        !group.id.startsWith('d.'), 'a group has an id of its own', group.id)
      this.#observe(group.createdAt)
      const talk: Talk = {
        id: group.id,
        kind: 'group',
        pair: null,
        messages: [],
        members: new Map(),
        creator,
        createdAt: group.createdAt,
        createdAs,
        title,
        owner: creator,
      }
      const order = ++this.#order
      for (const user of members) this.#join(talk, user, order, group.createdAt)
      this.talks.push(talk)
    })
  }

  addMembers(actor: string, id: string, users: readonly string[]): Expectation<Group> {
    const talk = this.talk(id)
    if (talk === undefined || !isPresent(talk, actor)) return refused('NOT_A_MEMBER')
    const added = [...new Set(users)].filter((user) => !isPresent(talk, user))
    if (added.some((user) => this.isBlocked(user, actor))) return refused('BLOCKED')
    // Whether a member who blocks the actor stands in the way of being added again is left open.
    const codes: ErrorCode[] = users.some((user) => this.isBlocked(user, actor)) ? ['BLOCKED'] : []
    return {
      codes,
      accept: (group) => {
        const since = new Moment(Math.max(this.#time, this.#clock.now()), this.#clock.latest)
        const order = ++this.#order
        for (const user of added) this.#join(talk, user, order, since)
        requireEqual(group, groupView(talk), 'the answer to an adding')
      },
    }
  }

  #join(talk: Talk, user: string, order: number, since: Moment | number): void {
    const member: Member = talk.members.get(user) ?? {
      stays: [],
      joined: 0,
      read: 0,
      delivered: 0,
      frozen: null,
    }
    member.stays.push({ from: talk.messages.length + 1, to: null, order, since })
    member.joined = ++this.#order
    member.frozen = null
    talk.members.set(user, member)
  }

  removeMember(actor: string, id: string, user: string): Expectation<Group> {
    const talk = this.talk(id)
    if (talk === undefined || !isPresent(talk, actor)) return refused('NOT_A_MEMBER')
    if (actor !== user && talk.owner !== actor) return refused('NOT_PERMITTED')
    const asItIs = (group: Group) => {
      requireEqual(group, groupView(talk), 'the answer to a removal')
    }
    if (!isPresent(talk, user)) return { codes: ['NOT_A_MEMBER'], accept: asItIs }
    return accepted((group) => {
      const member = talk.members.get(user)
      const stay = member?.stays.at(-1)
      if (member === undefined || stay === undefined) return
      stay.to = talk.messages.length
      if (talk.owner === user) talk.owner = present(talk)[0]?.[0] ?? null
      member.frozen = { title: talk.title, memberCount: present(talk).length }
      asItIs(group)
    })
  }

  rename(actor: string, id: string, title: string): Expectation<Group> {
    const talk = this.talk(id)
    if (talk === undefined || !isPresent(talk, actor)) return refused('NOT_A_MEMBER')
    return accepted((group) => {
      talk.title = title
      requireEqual(group, groupView(talk), 'the answer to a rename')
    })
  }
}

function nothing(): void {
  // The contract leaves the answer open, but not that nothing changes.
}

function isPair(pair: readonly [string, string], one: string, other: string): boolean {
  return (pair[0] === one && pair[1] === other) || (pair[0] === other && pair[1] === one)
}

function derivation({ id, sender, timestamp, deviceId }: SendRequestShape): string | undefined {
  if (id !== undefined || timestamp === undefined || deviceId === undefined) return undefined
  return JSON.stringify([sender, timestamp, deviceId])
}

function repeat(talk: Talk, told: ToldMessage, request: SendRequestShape): Expectation<SendReceipt> {
  if (told.text !== request.text || canonical(told.attributes) !== canonical(request.attributes)) {
    return refused('IDEMPOTENCY_CONFLICT')
  }
  return accepted((receipt) => {
    const { seq, id: messageId, timestamp } = told
    const expected = { conversationId: talk.id, seq, messageId, timestamp, duplicate: true }
    requireEqual(receipt, expected, 'the receipt of a repeat')
  })
}

function groupView(talk: Talk): object {
  const { id, title, creator, owner, createdAt } = talk
  return { id, title, creator, owner, createdAt, memberCount: present(talk).length }
}
