import { readDirectMarks } from '../../formats/direct-marks.js'
import { decodeRecord, flags, recordKinds, type PlainRecord } from '../../formats/records.js'
import { foundingMembership } from '../../formats/record-parts.js'
import { parseStoredJson } from '../../formats/stored-json.js'
import { directConversationId } from '../../model/direct-conversation-id.js'
import type { Facts } from './facts.js'
import { readMessageRecord } from './message-records.js'
import { pairOf } from './row-facts.js'

/** What a record of the log says. Throws for one that does not decode. */
export function addRecord(facts: Facts, bytes: Buffer, start: number, end: number, position: number): void {
  const kind = bytes[start]
  if (kind === recordKinds.directMessage) addDirectMessage(facts, bytes, start, end, position)
  else if (kind === recordKinds.directMarks) addDirectMarks(facts, bytes, start, end, position)
  else if (kind === recordKinds.groupMessage) {
    const { ids, seq, timestamp, body } = readMessageRecord(bytes, start, end)
    const [group, sender] = ids
    facts.addMessage(group, { seq, position, timestamp, sender, n0: null, body })
  } else addPlain(facts, decodeRecord(bytes, start, end), position)
}

function addDirectMessage(facts: Facts, bytes: Buffer, start: number, end: number, position: number): void {
  const { ids, seq, timestamp, bits, count, body } = readMessageRecord(bytes, start, end)
  const pair = pairOf(...ids)
  const conversation = directConversationId(...pair)
  facts.add(conversation, { kind: 'pair', pair })
  facts.add(conversation, {
    kind: 'blocks',
    position,
    firstBlocked: (bits & flags.firstBlocked) !== 0,
    secondBlocked: (bits & flags.secondBlocked) !== 0,
  })
  const sender = pair[(bits & flags.second) === 0 ? 0 : 1]
  facts.addMessage(conversation, { seq, position, timestamp, sender, n0: count, body })
}

function addDirectMarks(facts: Facts, bytes: Buffer, start: number, end: number, position: number): void {
  const { pair: ids, side, marks } = readDirectMarks(bytes, start, end, position)
  const conversation = directConversationId(...ids)
  facts.add(conversation, { kind: 'pair', pair: pairOf(...ids) })
  facts.add(conversation, { kind: 'marks', user: ids[side], marks })
}

function addPlain(facts: Facts, record: PlainRecord, position: number): void {
  switch (record.kind) {
    case 'cut':
      return
    case 'groupMarks': {
      const { conversation, user, marks } = record
      facts.add(conversation, { kind: 'marks', user, marks })
      return
    }
    case 'block': {
      const { blocker, other, contact, head } = record
      const conversation = directConversationId(blocker, other)
      const { firstBlocked, secondBlocked } = head
      facts.add(conversation, { kind: 'pair', pair: pairOf(blocker, other) })
      facts.add(conversation, { kind: 'blocks', position, firstBlocked, secondBlocked })
      facts.add(conversation, { kind: 'contact', user: blocker, other, contact: { ...contact, position } })
      return
    }
    case 'contact': {
      const { user, other, contact } = record
      const conversation = directConversationId(user, other)
      facts.add(conversation, { kind: 'contact', user, other, contact: { ...contact, position } })
      return
    }
    case 'user': {
      const { user, name, profile } = record
      if (profile !== undefined) parseStoredJson(profile)
      facts.addProfile({ user, name, profile, position })
      return
    }
    case 'create':
      record.members.forEach((user, index) => {
        const membership = foundingMembership(user, index + 1, position, record.time)
        facts.add(record.conversation, { kind: 'membership', membership })
      })
      break
    case 'join':
      for (const { membership } of record.joined)
        facts.add(record.conversation, { kind: 'membership', membership })
      break
    case 'leave':
      facts.add(record.conversation, { kind: 'membership', membership: record.membership })
      break
    case 'rename':
  }
  facts.add(record.conversation, { kind: 'group', group: record.group })
}
