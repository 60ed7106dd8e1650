import { isColumbaError } from '../../errors.js'
import { cutOf, levelOf } from '../../formats/body-file.js'
import { ByteReader, ByteWriter } from '../../formats/bytes.js'
import { checkBody } from '../../formats/message-body.js'
import type { ContactRow, GroupRow, MarksRow, MembershipRow } from '../../formats/record-parts.js'
import type { RunPlace } from '../../formats/rows.js'
import type { BlockPlace } from './body-salvage.js'
import { isBehind } from './message-place.js'
import { NewestTraces, readTrace } from './newest-traces.js'
import type { SortedRows } from './sorted-rows.js'
import { Traces, type Trace } from './traces.js'

/** A message as it was found in a block, in a record of the log, or in a row of a list. */
export interface MessageFact {
  readonly seq: number
  readonly position: number
  readonly timestamp: number
  readonly sender: string
  /** Direct: messages of the first participant up to this one. Null if it was not said. */
  readonly n0: number | null
  readonly body: Buffer
}

/** Something that says where a message of a conversation stood, whether it is still there or not. */
export interface Anchor {
  readonly seq: number
  readonly position: number
  readonly timestamp: number | null
  readonly n0: number | null
  /** Groups: who wrote it, if that is known. */
  readonly sender?: string
}

/**
 * What was found of a conversation. State is kept under its position, so that the newest of several copies comes last;
 * messages come behind everything else, in order.
 */
export type ConversationFact =
  | { readonly kind: 'pair'; readonly pair: readonly [string, string] }
  | { readonly kind: 'group'; readonly group: GroupRow }
  | { readonly kind: 'membership'; readonly membership: MembershipRow }
  /** The copy in the user's partition. */
  | { readonly kind: 'ownMembership'; readonly membership: MembershipRow }
  | {
      readonly kind: 'contact'
      readonly user: string
      readonly other: string
      readonly contact: ContactRow & { readonly position: number }
    }
  | { readonly kind: 'marks'; readonly user: string; readonly marks: MarksRow }
  | {
      readonly kind: 'blocks'
      readonly position: number
      readonly firstBlocked: boolean
      readonly secondBlocked: boolean
    }
  | { readonly kind: 'large' }
  | { readonly kind: 'own'; readonly user: string; readonly seqs: readonly number[] }
  | { readonly kind: 'trace'; readonly trace: Trace }
  | { readonly kind: 'anchor'; readonly anchor: Anchor }
  | { readonly kind: 'message'; readonly message: MessageFact }

/** A trace is put apart. */
type PutFact = Exclude<ConversationFact, { readonly kind: 'trace' }>

export interface ProfileFact {
  readonly user: string
  readonly name: string
  readonly profile: string | undefined
  readonly position: number
}

/** All that was found of a profile. */
export interface FoundProfile {
  readonly user: string
  readonly newest: ProfileFact | null
  readonly traces: Traces
}

const sections = { conversation: 1, profile: 2, record: 3, members: 4, place: 5 } as const
const kinds = [
  'pair',
  'group',
  'membership',
  'ownMembership',
  'contact',
  'marks',
  'blocks',
  'large',
  'own',
  'trace',
  'anchor',
  'message',
] as const

const w = new ByteWriter(4096)
const widthOfNumbers = 6
/** Bytes that may wait for the disk. */
const mostUnsettled = 4 * 1024 * 1024

/** The beginning of all keys of a conversation, of a user or of a group within a section. */
function prefix(section: number, id: string): Buffer {
  const bytes = Buffer.from(id)
  const key = Buffer.allocUnsafe(3 + bytes.length)
  key[0] = section
  key.writeUInt16BE(bytes.length, 1)
  bytes.copy(key, 3)
  return key
}

function number(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(widthOfNumbers)
  bytes.writeUIntBE(value, 0, widthOfNumbers)
  return bytes
}

/** Everything that was found, by what it is about. Putting the same thing twice is the same as once. */
export class Facts {
  readonly #rows: SortedRows
  readonly #traces: NewestTraces
  #unsettled = 0

  constructor(rows: SortedRows) {
    this.#rows = rows
    this.#traces = new NewestTraces(rows)
  }

  async settle(): Promise<void> {
    this.#unsettled = 0
    await this.#traces.put()
    await this.#rows.settle()
  }

  /** Whoever puts much asks for it between two things: what was put is in memory until somebody waits for the disk. */
  async makeRoom(): Promise<void> {
    if (this.#unsettled >= mostUnsettled || this.#traces.isFull) await this.settle()
  }

  add(conversation: string, fact: PutFact): void {
    const [order, who, value] = placed(fact)
    this.#put(conversationKey(conversation, fact.kind, order, who), value)
  }

  /** Of each thing the newest is kept, and whether a row of it cannot be read. */
  addTrace(conversation: string, trace: Trace): void {
    const key = conversationKey(conversation, 'trace', orderOf(trace), `${trace.what} ${trace.user}`)
    this.#traces.add(key, trace)
  }

  /**
   * One that readers could not be given, though it lies under a checksum that fits, tells only that it was there. Whoever takes
   * it into the new store would make that as unreadable as the old one.
   */
  addMessage(conversation: string, message: MessageFact): void {
    const { seq, position, timestamp, n0, sender, body } = message
    if (isReadable(body)) this.add(conversation, { kind: 'message', message })
    else this.add(conversation, { kind: 'anchor', anchor: { seq, position, timestamp, n0, sender } })
  }

  /**
   * Takes messages that may be none, in their order, where nothing else tells of one with that number and the next one that there
   * is comes behind it, and is not older; where there is no next one, a message of after `latest` is none. What was found besides
   * has been settled before. Returns how many were taken.
   */
  async addMissing(conversation: string, messages: readonly MessageFact[], latest: number): Promise<number> {
    const gte = conversationKey(conversation, 'message', messages[0]?.seq ?? 0, '')
    const lt = Buffer.concat([prefix(sections.conversation, conversation), Buffer.of(kinds.length)])
    const rows = this.#rows.range(gte, lt)[Symbol.asyncIterator]()
    let taken = 0
    try {
      let next: MessageFact | null = await nextMessage(rows)
      for (const message of messages) {
        while (next !== null && next.seq < message.seq) next = await nextMessage(rows)
        if (next !== null && !isBehind(next, message)) continue
        if (message.timestamp > (next?.timestamp ?? latest) || !isReadable(message.body)) continue
        this.add(conversation, { kind: 'message', message })
        taken++
      }
    } finally {
      await rows.return?.()
    }
    return taken
  }

  /** Where a row says that a block lies in a body file. */
  addPlace({ file, offset, length }: Pick<RunPlace, 'file' | 'offset' | 'length'>): void {
    this.#put(Buffer.concat([placesKey(file), number(offset)]), number(length))
  }

  /** Those of a body file, in order. */
  async *places(file: number): AsyncGenerator<BlockPlace> {
    const gte = placesKey(file)
    const lt = Buffer.concat([gte, Buffer.alloc(widthOfNumbers, 0xff)])
    for await (const [key, value] of this.#rows.range(gte, lt))
      yield {
        offset: key.readUIntBE(gte.length, widthOfNumbers),
        length: value.readUIntBE(0, widthOfNumbers),
      }
  }

  addProfile(fact: ProfileFact): void {
    this.#put(profileKey(fact.user, fact.position, 'fact'), json(fact))
  }

  addProfileTrace(trace: Trace): void {
    this.#traces.add(profileKey(trace.user, orderOf(trace), 'trace'), trace)
  }

  /** All conversations, each with its facts in their order. A conversation's facts must be read before the next. */
  async *conversations(): AsyncGenerator<ConversationFacts> {
    const everything = this.#rows.range(
      Buffer.of(sections.conversation),
      Buffer.of(sections.conversation + 1),
    )
    const rows = everything[Symbol.asyncIterator]()
    try {
      let next = await rows.next()
      while (next.done !== true) {
        const [key] = next.value
        const length = 3 + key.readUInt16BE(1)
        const own = key.subarray(0, length)
        const isOwn = (): boolean => next.done !== true && next.value[0].subarray(0, length).equals(own)
        const facts = async function* (): AsyncGenerator<ConversationFact> {
          while (next.done !== true && isOwn()) {
            const [found, value] = next.value
            yield factOf(kinds[found[length] as number], value)
            next = await rows.next()
          }
        }
        yield { id: own.utf8Slice(3, own.length), facts: facts() }
        while (isOwn()) next = await rows.next()
      }
    } finally {
      await rows.return?.(undefined)
    }
  }

  /** The profiles of all users of whom one was found, or a trace of one. */
  async *profiles(): AsyncGenerator<FoundProfile> {
    let found = null as FoundProfile | null
    for await (const [, value] of this.#rows.range(Buffer.of(sections.profile), Buffer.of(sections.record))) {
      const fact = JSON.parse(value.toString()) as ProfileFact | Trace
      if (found?.user !== fact.user) {
        if (found !== null) yield found
        found = { user: fact.user, newest: null, traces: new Traces() }
      }
      if ('what' in fact) found.traces.add(fact)
      else found = { ...found, newest: fact }
    }
    if (found !== null) yield found
  }

  /** Who is in a small group, for the images of its messages. */
  putMembers(group: string, members: readonly (readonly [user: string, joined: number])[]): void {
    this.#put(prefix(sections.members, group), json(members))
  }

  async members(group: string): Promise<readonly (readonly [user: string, joined: number])[]> {
    const value = await this.#rows.get(prefix(sections.members, group))
    return value === undefined
      ? []
      : (JSON.parse(value.toString()) as (readonly [user: string, joined: number])[])
  }

  /** A record to be folded, at its position; several may have the same one, in the order of `order`. */
  putRecord(position: number, order: number, value: Buffer): void {
    this.#put(Buffer.concat([Buffer.of(sections.record), number(position), number(order)]), value)
  }

  async *records(): AsyncGenerator<{ position: number; value: Buffer }> {
    const range = this.#rows.range(Buffer.of(sections.record), Buffer.of(sections.record + 1))
    for await (const [key, value] of range) yield { position: key.readUIntBE(1, widthOfNumbers), value }
  }

  #put(key: Buffer, value: Buffer): void {
    this.#unsettled += key.length + value.length
    this.#rows.put(key, value)
  }
}

export interface ConversationFacts {
  readonly id: string
  readonly facts: AsyncGenerator<ConversationFact>
}

function isReadable(body: Buffer): boolean {
  try {
    checkBody(body, 0, body.length)
    return true
  } catch (error) {
    if (!isColumbaError(error, 'CORRUPT')) throw error
    return false
  }
}

function conversationKey(
  conversation: string,
  kind: ConversationFact['kind'],
  order: number,
  who: string,
): Buffer {
  return Buffer.concat([
    prefix(sections.conversation, conversation),
    Buffer.of(kinds.indexOf(kind)),
    number(order),
    Buffer.from(who),
  ])
}

const placesKey = (file: number): Buffer =>
  Buffer.concat([Buffer.of(sections.place, levelOf(file)), number(cutOf(file))])

async function nextMessage(
  rows: AsyncIterator<readonly [key: Buffer, value: Buffer]>,
): Promise<MessageFact | null> {
  const next = await rows.next()
  if (next.done === true) return null
  const fact = factOf('message', next.value[1])
  return fact.kind === 'message' ? fact.message : null
}

function profileKey(user: string, order: number, which: 'fact' | 'trace'): Buffer {
  return Buffer.concat([prefix(sections.profile, user), number(order), Buffer.from(which)])
}

/** That of a row that cannot be read says something else than that of a change: neither takes the other's place. */
const orderOf = ({ position }: Trace): number => (position === 0 ? 0 : 1)

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

/** Where a fact comes among those of its kind, whom it is about, and its value. */
function placed(fact: PutFact): [order: number, who: string, value: Buffer] {
  switch (fact.kind) {
    case 'pair':
    case 'large':
      return [0, '', json(fact)]
    case 'group':
      return [fact.group.position, '', json(fact)]
    case 'membership':
    case 'ownMembership':
      return [fact.membership.position, fact.membership.user, json(fact)]
    case 'contact':
      return [fact.contact.position, fact.user, json(fact)]
    case 'marks':
      return [Math.max(fact.marks.readAt, fact.marks.deliveredAt), fact.user, json(fact)]
    case 'blocks':
      return [fact.position, '', json(fact)]
    case 'own':
      return [fact.seqs[0] ?? 0, fact.user, json(fact)]
    case 'anchor': {
      // What says more comes behind it.
      const { seq, n0, sender } = fact.anchor
      return [seq, n0 !== null ? 'n0' : sender !== undefined ? 'by' : '', json(fact)]
    }
    case 'message': {
      const { seq, position, timestamp, sender, n0, body } = fact.message
      w.reset()
        .varint(position)
        .varint(timestamp)
        .varint(n0 === null ? 0 : n0 + 1)
        .string(sender)
        .raw(body)
      return [seq, '', bytesWithSeq(seq, w.finish())]
    }
  }
}

function bytesWithSeq(seq: number, rest: Buffer): Buffer {
  return Buffer.concat([number(seq), rest])
}

function factOf(kind: ConversationFact['kind'] | undefined, value: Buffer): ConversationFact {
  if (kind === 'trace') return { kind, trace: readTrace(value) }
  if (kind !== 'message') return JSON.parse(value.toString()) as ConversationFact
  const r = new ByteReader(value, widthOfNumbers)
  const position = r.varint()
  const timestamp = r.varint()
  const n0 = r.varint()
  const sender = r.string()
  const body = value.subarray(r.at)
  const seq = value.readUIntBE(0, widthOfNumbers)
  return { kind, message: { seq, position, timestamp, n0: n0 === 0 ? null : n0 - 1, sender, body } }
}
