import { flags } from '../../formats/records.js'
import type { GroupRow, MembershipRow } from '../../formats/record-parts.js'
import { isPresent } from '../../model/group.js'
import { foundAt, markMoves, marksUpTo, readState, type FoundState } from './conversation-state.js'
import type { ConversationFacts, Facts, MessageFact } from './facts.js'
import { upTo, writersMembership, type Written } from './group-members.js'
import { lostBody, seqRange } from './lost-body.js'
import { groupRecord } from './message-records.js'
import type { RepairNotes } from './repair-notes.js'
import type { Replay } from './replay.js'
import { greatest, stretches, type LostMessage } from './sequence.js'

/** What a rebuild of groups needs to know of the store. */
export interface GroupRules {
  /** Members above which a group is large. */
  readonly fanOut: number
}

/** Makes the records of a group anew from what was found of it. */
export async function rebuildGroup(
  found: ConversationFacts,
  facts: Facts,
  replay: Replay,
  notes: RepairNotes,
  rules: GroupRules,
): Promise<void> {
  const { state, messages } = await readState(found)
  const rebuild = new GroupRebuild(found.id, state, replay, notes, rules)
  await rebuild.messages(messages)
  if (rebuild.isEmpty) {
    notes.lose('group of which only marks or changes are left', rebuild.where)
    return
  }
  rebuild.disputes()
  const members = rebuild.members()
  await rebuild.writeEvents(members)
  facts.putMembers(found.id, rebuild.listing(members))
  await rebuild.marks()
  rebuild.losses()
}

class GroupRebuild {
  readonly where: string
  readonly #id: string
  readonly #state: FoundState
  readonly #replay: Replay
  readonly #notes: RepairNotes
  readonly #large: boolean
  readonly #written = new Map<string, Written>()
  /** Positions at which somebody came or went, ascending. */
  readonly #turns: readonly number[]
  /** How many of them the messages have passed, and the position of the message before each of those. */
  #passed = 0
  readonly #before = new Map<number, number>()
  /** Where the messages stand that somebody saw last; 0 of one that has not come yet. */
  readonly #places = new Map<number, number>()
  #head = 0
  #position = 0
  #owners: Map<number, string> | null = null

  constructor(id: string, state: FoundState, replay: Replay, notes: RepairNotes, { fanOut }: GroupRules) {
    this.#id = id
    this.#state = state
    this.#replay = replay
    this.#notes = notes
    this.where = `group ${JSON.stringify(id)}`
    const memberships = [...state.memberships.values()]
    this.#large = state.group?.large ?? (state.large || memberships.filter(isPresent).length > fanOut)
    for (const { intervals } of memberships) this.#places.set(intervals.at(-1)?.to ?? 0, 0)
    const positions = memberships.map((one) => (isPresent(one) ? one.joined : one.position))
    this.#turns = positions.sort((a, b) => a - b)
  }

  get isEmpty(): boolean {
    return this.#head === 0 && this.#state.memberships.size === 0 && this.#state.group === null
  }

  async messages(messages: AsyncIterable<MessageFact>): Promise<void> {
    let lastSender: string | null = null
    for await (const stretch of stretches(messages, this.#state.anchors)) {
      await this.#replay.makeRoom()
      if (stretch.kind === 'message') {
        lastSender = stretch.message.sender
        this.#message(stretch.message, lastSender, stretch.message.body)
        continue
      }
      const { lost, after } = stretch
      this.#notes.lose(
        'lost messages',
        `${this.where}, ${seqRange(lost[0]?.seq ?? 0, lost.at(-1)?.seq ?? 0)}`,
      )
      const somebody = lastSender ?? after?.sender ?? this.#state.group?.creator ?? this.#anyMember()
      for (const message of lost) {
        const sender = this.#writerOf(message.seq) ?? somebody
        this.#message(message, sender, lostBody(sender, message.seq))
      }
    }
  }

  /** Memberships of which one copy or the other was taken. */
  disputes(): void {
    for (const user of this.#state.disputed)
      this.#notes.lose(
        'membership of which two copies differ, one taken',
        `${this.where}, user ${JSON.stringify(user)}`,
      )
  }

  /** The records of everything but the messages, as it is in the end. */
  async writeEvents(members: readonly MembershipRow[]): Promise<void> {
    const group = this.#group(members)
    for (const membership of members) {
      await this.#replay.makeRoom()
      if (isPresent(membership)) {
        const { joined, joinedAt } = membership
        this.#replay.groupEvent(joined, this.#messageBefore(joined), {
          kind: 'join',
          time: joinedAt,
          conversation: this.#id,
          group,
          image: null,
          joined: [{ membership, previous: 0 }],
          becameLarge: false,
        })
      } else {
        const { position, joinedAt } = membership
        this.#replay.groupEvent(position, this.#messageBefore(position), {
          kind: 'leave',
          time: joinedAt,
          conversation: this.#id,
          group,
          image: null,
          membership,
        })
      }
    }
    // The last word on the group itself; without members it is the only one.
    const position = Math.max(1, group.position, this.#position, greatest(members.map((one) => one.position)))
    const record = {
      kind: 'rename',
      time: group.createdAt,
      conversation: this.#id,
      group: { ...group, position },
      image: null,
    } as const
    this.#replay.groupEvent(position, this.#position, record)
    this.#notes.rebuild('groups')
    this.#notes.rebuild('memberships', members.length)
  }

  /** In whose lists the group stands, and since when: those who are in. A large group is in none. */
  listing(members: readonly MembershipRow[]): readonly (readonly [user: string, joined: number])[] {
    return this.#large ? [] : members.filter(isPresent).map(({ user, joined }) => [user, joined] as const)
  }

  async marks(): Promise<void> {
    for (const [user, found] of this.#state.marks) {
      await this.#replay.makeRoom()
      const marks = marksUpTo(found, this.#head, this.#written.get(user)?.atRead ?? 0)
      if (marks === null) continue
      if (!this.#state.memberships.has(user) && !this.#written.has(user)) {
        this.#notes.lose(
          'membership of which only marks are left',
          `${this.where}, user ${JSON.stringify(user)}`,
        )
        continue
      }
      const record = { kind: 'groupMarks', time: 0, user, conversation: this.#id, marks } as const
      for (const { position } of markMoves(marks)) this.#replay.other(position, record)
      this.#notes.rebuild('marks')
    }
  }

  /** Names what is lost besides messages, and has not been named where something was put in its place. */
  losses(): void {
    const { traces, memberships, group } = this.#state
    traces.name(this.#notes, this.#id, (trace) => {
      const isTold =
        trace.what === 'membership'
          ? !memberships.has(trace.user) && this.#written.has(trace.user)
          : trace.what === 'title and creator' && group === null
      return isTold ? Infinity : foundAt(this.#state, trace)
    })
  }

  #message({ seq, position, timestamp }: LostMessage, sender: string, body: Buffer): void {
    let written = this.#written.get(sender)
    if (written === undefined) {
      // Who wrote and is no member gets a membership that begins here.
      this.#before.set(position, this.#position)
      written = { count: 0, atRead: 0, atJoin: 0, first: { seq, position, timestamp }, last: seq }
      this.#written.set(sender, written)
    }
    written.count++
    written.last = seq
    if (seq <= (this.#state.marks.get(sender)?.read ?? 0)) written.atRead++
    if (seq < (this.#state.memberships.get(sender)?.intervals.at(-1)?.from ?? 0)) written.atJoin++
    while ((this.#turns[this.#passed] ?? Infinity) <= position)
      this.#before.set(this.#turns[this.#passed++] as number, this.#position)
    const bits = this.#large ? flags.large : 0
    const record = groupRecord(
      { timestamp, bits, seq, count: written.count, ids: [this.#id, sender] },
      null,
      body,
    )
    this.#replay.groupMessage(position, timestamp, this.#position, record)
    if (this.#places.has(seq)) this.#places.set(seq, position)
    this.#head = seq
    this.#position = position
    this.#notes.rebuild('messages')
  }

  /** Everybody who is or was in, with ordinals of their own. Names those of whom nothing is left but messages. */
  members(): MembershipRow[] {
    // Whoever saw more than there is now has seen the last that there is.
    const placeAt = (seq: number): number => this.#places.get(seq) ?? this.#position
    const members = [...this.#state.memberships.values()].map((membership) => {
      const ownAtJoin = this.#written.get(membership.user)?.atJoin ?? 0
      return upTo(membership, { head: this.#head, ownAtJoin, placeAt })
    })
    // With no membership left nobody can be told from those who have gone: then all who wrote are in.
    const isAbandoned = members.length === 0
    let ordinal = Math.max(this.#state.group?.lastOrdinal ?? 0, greatest(members.map((one) => one.ordinal)))
    const used = new Set<number>()
    const distinct = members.map((membership) => {
      const own = used.has(membership.ordinal) ? ++ordinal : membership.ordinal
      used.add(own)
      return { ...membership, ordinal: own }
    })
    for (const [user, written] of this.#written) {
      if (this.#state.memberships.has(user)) continue
      const what = isAbandoned
        ? 'lost membership, taken for a member'
        : 'lost membership, taken for one who left'
      this.#notes.lose(what, `${this.where}, user ${JSON.stringify(user)}`)
      distinct.push(writersMembership(user, written, ++ordinal, isAbandoned))
    }
    return distinct
  }

  #group(members: readonly MembershipRow[]): GroupRow {
    const found = this.#state.group
    const present = members.filter(isPresent).sort((a, b) => a.ordinal - b.ordinal)
    const first = [...members].sort((a, b) => a.ordinal - b.ordinal)[0]
    if (found === null) this.#notes.lose('lost title and creator', this.where)
    // Who is in as the first of all made the group; who has been in longest owns it.
    const founder = first?.ordinal === 1 ? first : null
    return {
      title: found?.title,
      creator: founder?.user ?? found?.creator ?? first?.user ?? this.#anyMember(),
      owner: present[0]?.user ?? null,
      createdAt: founder?.joinedAt ?? found?.createdAt ?? first?.joinedAt ?? 0,
      createdAs: found?.createdAs ?? '',
      memberCount: present.length,
      lastOrdinal: Math.max(found?.lastOrdinal ?? 0, greatest(members.map(({ ordinal }) => ordinal))),
      large: this.#large,
      position: Math.max(1, found?.position ?? first?.position ?? this.#position),
    }
  }

  /** Own rows say it of the messages of their users, also where the messages are gone. */
  #writerOf(seq: number): string | undefined {
    const said = this.#state.anchors.get(seq)?.sender
    if (said !== undefined) return said
    if (this.#owners === null) {
      this.#owners = new Map()
      for (const { user, seqs } of this.#state.own) for (const one of seqs) this.#owners.set(one, user)
    }
    return this.#owners.get(seq)
  }

  #anyMember(): string {
    return this.#state.memberships.keys().next().value ?? this.#state.own[0]?.user ?? '?'
  }

  #messageBefore(position: number): number {
    return this.#before.get(position) ?? this.#position
  }
}
