import { changesIn } from '../../formats/change-list.js'
import { readIdKey, readListKey, readNumberedKey, type Family } from '../../formats/keys.js'
import { rows } from '../../formats/rows.js'
import { directConversationId } from '../../model/direct-conversation-id.js'
import type { Facts } from './facts.js'

/** The two of a direct conversation, in their order; the same one twice for notes to oneself. */
export function pairOf(a: string, b: string): readonly [string, string] {
  return a <= b ? [a, b] : [b, a]
}

export interface FoundRow {
  readonly kind: 'user' | 'group'
  /** The id of the user or group whose partition it is. */
  readonly owner: string
  readonly prefixLength: number
  readonly family: Family
  readonly key: Buffer
}

/**
 * What a row of a shard says that is not merely derived from messages, and what it says of messages that may be lost: where
 * they stood, and the last one of a list in full. Throws for a row that does not decode.
 */
export function addRow(facts: Facts, found: FoundRow, payload: Buffer): void {
  const { kind, owner, prefixLength, family, key } = found
  switch (family) {
    case 'head':
      if (kind === 'user') addDirectHead(facts, owner, readIdKey(key, prefixLength), payload)
      else if (readIdKey(key, prefixLength) === owner) {
        const { head, position, timestamp } = rows.groupHead.decode(payload)
        facts.add(owner, { kind: 'anchor', anchor: { seq: head, position, timestamp, n0: null } })
      }
      return
    case 'list':
      addListRow(facts, found, payload)
      return
    case 'runs': {
      const run = rows.run.decode(payload)
      const { firstSeq, count, firstPosition, lastPosition } = run
      const { id, number } = readNumberedKey(key, prefixLength)
      // Under another key it is of another run.
      if (number !== firstSeq + count - 1) return
      facts.addPlace(run)
      for (const [seq, position] of [
        [firstSeq, firstPosition],
        [number, lastPosition],
      ] as const)
        facts.add(id, { kind: 'anchor', anchor: { seq, position, timestamp: null, n0: null } })
      return
    }
    case 'marks':
      facts.add(readIdKey(key, prefixLength), {
        kind: 'marks',
        user: owner,
        marks: rows.marks.decode(payload),
      })
      return
    case 'profile':
      facts.addProfile({ user: owner, ...rows.profile.decode(payload) })
      return
    case 'contact': {
      const other = readIdKey(key, prefixLength)
      const contact = rows.contact.decode(payload)
      facts.add(directConversationId(owner, other), { kind: 'contact', user: owner, other, contact })
      return
    }
    case 'membership':
    case 'member': {
      const named = readIdKey(key, prefixLength)
      const [group, user] = family === 'member' ? [owner, named] : [named, owner]
      const membership = rows.membership.decode(payload)
      if (membership.user !== user || membership.intervals.length === 0) return
      facts.add(group, { kind: family === 'member' ? 'membership' : 'ownMembership', membership })
      return
    }
    case 'group':
      facts.add(owner, { kind: 'group', group: rows.group.decode(payload) })
      return
    case 'own': {
      const { id } = readNumberedKey(key, prefixLength)
      facts.add(id, { kind: 'own', user: owner, seqs: rows.own.decode(payload).seqs })
      return
    }
    case 'changes':
      addChanges(facts, found, payload)
      return
    case 'roll':
    case 'copy':
  }
}

function addDirectHead(facts: Facts, user: string, conversation: string, payload: Buffer): void {
  const { peer, head } = rows.directHead.decode(payload)
  if (directConversationId(user, peer) !== conversation) return
  facts.add(conversation, { kind: 'pair', pair: pairOf(user, peer) })
  if (head === null) return
  const { position, timestamp, n0, firstBlocked, secondBlocked } = head
  facts.add(conversation, { kind: 'blocks', position, firstBlocked, secondBlocked })
  if (head.head > 0)
    facts.add(conversation, { kind: 'anchor', anchor: { seq: head.head, position, timestamp, n0 } })
}

function addListRow(facts: Facts, { owner, prefixLength, key }: FoundRow, payload: Buffer): void {
  const { large, position, conversation } = readListKey(key, prefixLength)
  if (large) facts.add(conversation, { kind: 'large' })
  if (payload.length === 0) return
  const { peer, head, n0, timestamp, second, body } = rows.directList.decode(payload)
  if (directConversationId(owner, peer) !== conversation) return
  const pair = pairOf(owner, peer)
  facts.add(conversation, { kind: 'pair', pair })
  facts.add(conversation, { kind: 'anchor', anchor: { seq: head, position, timestamp, n0 } })
  if (body === null) return
  const bytes = Buffer.from(body.bytes.subarray(body.start, body.end))
  const sender = pair[second ? 1 : 0]
  facts.addMessage(conversation, { seq: head, position, timestamp, sender, n0, body: bytes })
}

/** Of what is derived from nothing the feed says where it changed last. */
function addChanges(facts: Facts, { kind, owner }: FoundRow, payload: Buffer): void {
  for (const change of changesIn(payload, kind === 'user' ? owner : null)) {
    const { position } = change
    switch (change.kind) {
      case 'read':
      case 'delivered':
        facts.addTrace(change.conversation, { what: 'marks', user: change.user, position })
        break
      case 'member':
        facts.addTrace(change.conversation, { what: 'membership', user: change.user, position })
        break
      case 'conversation':
        facts.addTrace(change.conversation, { what: 'title and creator', user: '', position })
        break
      case 'contact':
        addContactTrace(facts, owner, change.user, position)
        break
      case 'profile':
        facts.addProfileTrace({ what: 'profile', user: owner, position })
        break
      default:
      // Messages are in blocks.
    }
  }
}

/** Of a row that cannot be read its key says what it was, unless it is derived. */
export function addDamagedRow(facts: Facts, { kind, owner, prefixLength, family, key }: FoundRow): void {
  const named = readIdKey(key, prefixLength)
  const position = 0
  switch (family) {
    case 'marks':
      facts.addTrace(named, { what: 'marks', user: owner, position })
      break
    case 'contact':
      addContactTrace(facts, owner, named, position)
      break
    case 'profile':
      facts.addProfileTrace({ what: 'profile', user: owner, position })
      break
    case 'group':
      facts.addTrace(owner, { what: 'title and creator', user: '', position })
      break
    case 'membership':
    case 'member': {
      const [group, user] = kind === 'group' ? [owner, named] : [named, owner]
      facts.addTrace(group, { what: 'membership', user, position })
      break
    }
    default:
    // Derived.
  }
}

function addContactTrace(facts: Facts, user: string, other: string, position: number): void {
  facts.addTrace(directConversationId(user, other), { what: 'contact', user, other, position })
}
