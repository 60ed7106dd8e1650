import type { GroupRow, MarksRow, MembershipRow } from '../../formats/record-parts.js'
import { rows } from '../../formats/rows.js'
import { isPresent } from '../../model/group.js'
import type { Anchor, ConversationFact, ConversationFacts, MessageFact } from './facts.js'
import { Traces, type Trace } from './traces.js'

type Contact = Extract<ConversationFact, { kind: 'contact' }>

/** All that was found of a conversation besides its messages: of each thing the newest. */
export interface FoundState {
  pair: readonly [string, string] | null
  group: GroupRow | null
  readonly memberships: Map<string, MembershipRow>
  /** Whose membership says one thing in the group's partition and another in the user's. */
  readonly disputed: Set<string>
  /** By owner. */
  readonly contacts: Map<string, Contact>
  readonly marks: Map<string, MarksRow>
  blocks: Extract<ConversationFact, { kind: 'blocks' }> | null
  large: boolean
  readonly own: { readonly user: string; readonly seqs: readonly number[] }[]
  readonly anchors: Map<number, Anchor>
  readonly traces: Traces
}

/** Reads up to the first message; the messages are given one by one. */
export async function readState({
  facts,
}: ConversationFacts): Promise<{ state: FoundState; messages: AsyncGenerator<MessageFact> }> {
  const state: FoundState = {
    pair: null,
    group: null,
    memberships: new Map(),
    disputed: new Set(),
    contacts: new Map(),
    marks: new Map(),
    blocks: null,
    large: false,
    own: [],
    anchors: new Map(),
    traces: new Traces(),
  }
  let next = await facts.next()
  for (; next.done !== true && next.value.kind !== 'message'; next = await facts.next())
    take(state, next.value)
  const messages = async function* (): AsyncGenerator<MessageFact> {
    for (; next.done !== true; next = await facts.next()) {
      if (next.value.kind === 'message') yield next.value.message
    }
  }
  return { state, messages: messages() }
}

function take(state: FoundState, fact: Exclude<ConversationFact, { kind: 'message' }>): void {
  switch (fact.kind) {
    case 'pair':
      state.pair = fact.pair
      break
    case 'group':
      state.group = fact.group
      break
    case 'membership':
      state.memberships.set(fact.membership.user, fact.membership)
      break
    case 'ownMembership':
      takeOwn(state, fact.membership)
      break
    case 'contact':
      state.contacts.set(fact.user, fact)
      break
    case 'marks':
      state.marks.set(fact.user, newest(state.marks.get(fact.user), fact.marks))
      break
    case 'blocks':
      state.blocks = fact
      break
    case 'large':
      state.large = true
      break
    case 'own':
      state.own.push(fact)
      break
    case 'trace':
      state.traces.add(fact.trace)
      break
    case 'anchor': {
      const before = state.anchors.get(fact.anchor.seq)
      // What heads and lists say is more than what runs say, and comes behind it.
      if (before === undefined || before.n0 === null) state.anchors.set(fact.anchor.seq, fact.anchor)
    }
  }
}

/** Where the newest copy of a thing changed last; null if none was found. */
export function foundAt(state: FoundState, { what, user }: Trace): number | null {
  switch (what) {
    case 'marks': {
      const marks = state.marks.get(user)
      return marks === undefined ? null : Math.max(marks.readAt, marks.deliveredAt)
    }
    case 'contact':
      return state.contacts.get(user)?.contact.position ?? null
    case 'membership':
      return state.memberships.get(user)?.position ?? null
    case 'title and creator':
      return state.group?.position ?? null
    case 'profile':
      return null
  }
}

/** Behind those of the group. Of two that differ and are equally new, the one that shows less: nobody comes back by accident. */
function takeOwn({ memberships, disputed }: FoundState, own: MembershipRow): void {
  const before = memberships.get(own.user)
  if (before?.position === own.position) {
    if (isSame(before, own)) return
    disputed.add(own.user)
    if (!isPresent(before) || isPresent(own)) return
  } else if (before !== undefined && before.position > own.position) return
  else disputed.delete(own.user)
  memberships.set(own.user, own)
}

/** Of what they say: what comes from a record of the log may name its fields in another order. */
function isSame(a: MembershipRow, b: MembershipRow): boolean {
  return rows.membership.encode(a).equals(rows.membership.encode(b))
}

/** Marks only go up, each by itself. */
function newest(a: MarksRow | undefined, b: MarksRow): MarksRow {
  if (a === undefined) return b
  const [read, delivered] = [a.read > b.read ? a : b, a.delivered > b.delivered ? a : b]
  return {
    read: read.read,
    readAt: read.readAt,
    ownAtRead: 0,
    delivered: delivered.delivered,
    deliveredAt: delivered.deliveredAt,
  }
}

/** Marks that fit the messages there are; null if there is nothing to mark. */
export function marksUpTo(marks: MarksRow, head: number, ownAtRead: number): MarksRow | null {
  const read = Math.min(marks.read, head)
  const delivered = Math.min(Math.max(marks.delivered, read), head)
  if (delivered === 0) return null
  const { readAt } = marks
  // No record moves both.
  const deliveredAt = marks.deliveredAt === readAt ? 0 : marks.deliveredAt
  return {
    read,
    delivered,
    ownAtRead,
    readAt,
    deliveredAt: readAt === 0 ? Math.max(1, deliveredAt) : deliveredAt,
  }
}

/** The records that a row of marks is made of: the feed has each of the two where it moved last. */
export function markMoves({
  readAt,
  deliveredAt,
}: MarksRow): readonly { readonly by: 'read' | 'delivered'; readonly position: number }[] {
  const moves = [
    { by: 'read', position: readAt },
    { by: 'delivered', position: deliveredAt },
  ] as const
  return moves.filter(({ position }) => position > 0)
}
