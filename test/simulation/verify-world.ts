import type { MessageStore } from '../../src/api/message-store.js'
import { isColumbaError } from '../../src/errors.js'
import type { Conversation } from '../../src/model/conversation.js'
import type { Message } from '../../src/model/message.js'
import { claim, claimEqual } from './finding.js'
import type { KnownTalk, Sent, Stay } from './known-talk.js'
import { type KnownWorld, users } from './known-world.js'

/** Walks pages to the end. */
async function all<T>(
  read: (cursor: string | undefined) => Promise<{ items: readonly T[]; next: string | null }>,
): Promise<T[]> {
  const items: T[] = []
  for (let cursor: string | undefined; ;) {
    const page = await read(cursor)
    items.push(...page.items)
    claim(items.length < 10_000, 'I19 pages without an end')
    if (page.next === null) return items
    cursor = page.next
  }
}

const withCursor = (cursor: string | undefined) => (cursor === undefined ? {} : { cursor })

/**
 * Holds everything that all users see against what is known, and against itself, while nothing else goes on: the
 * invariants are named as in docs/crash-safety.md. What was unknown is known afterwards.
 */
export async function verifyWorld(store: MessageStore, known: KnownWorld, moment: number): Promise<void> {
  for (const group of known.groups) await settleMembership(store, group)
  for (const talk of known.talks.values()) await verifyMessages(store, talk, moment)
  for (const user of users) await verifyUser(store, known, user)
  const report = await store.admin.verify()
  claim(report.ok, 'admin.verify finds', report.findings)
}

/** After an unknown outcome a group has the old members or the new ones, and nothing between (I3). */
async function settleMembership(store: MessageStore, group: KnownTalk): Promise<void> {
  const [creator] = group.founders as [string]
  let present: string[]
  try {
    const listed = await all((cursor) =>
      store.groups.members(creator, group.id, { limit: 2, ...withCursor(cursor) }),
    )
    present = listed.map(({ userId }) => userId)
  } catch (error) {
    if (!isColumbaError(error, 'NOT_A_MEMBER')) throw error
    claim(!group.certain, 'I1 a group is gone', group.name)
    group.founders = [creator]
    return
  }
  group.certain = true
  const allowed = [group.members, ...(group.pending === null ? [] : [group.pending])]
  const is = (members: ReadonlySet<string>): boolean =>
    members.size === present.length && present.every((user) => members.has(user))
  claim(allowed.some(is), 'I3 members of a group', present, ...allowed.map((members) => [...members]))
  if (group.pending !== null) resolvePending(group, new Set(present))
}

/** The change has happened or not: its stays end or begin, or never were. */
export function resolvePending(group: KnownTalk, present: ReadonlySet<string>): void {
  for (const user of group.pending ?? []) {
    if (group.members.has(user) || present.has(user)) continue
    const stays = group.stays.get(user)
    stays?.pop()
    if (stays?.length === 0) group.stays.delete(user)
  }
  for (const user of group.members) {
    if (group.pending?.has(user) === true || !present.has(user)) continue
    const stay = group.stays.get(user)?.at(-1)
    if (stay !== undefined) stay.leaveCalled = stay.leaveDone = Infinity
  }
  group.members = present
  group.pending = null
  group.unsure = false
}

async function messagesOf(store: MessageStore, user: string, talk: KnownTalk): Promise<Message[] | null> {
  try {
    const ref =
      talk.direct === null || talk.id !== ''
        ? talk.id
        : { peer: talk.direct[0] === user ? talk.direct[1] : talk.direct[0] }
    return await all((cursor) => store.getMessages(user, ref, { limit: 7, ...withCursor(cursor) }))
  } catch (error) {
    if (isColumbaError(error, 'NOT_A_MEMBER')) return null
    throw error
  }
}

async function verifyMessages(store: MessageStore, talk: KnownTalk, moment: number): Promise<void> {
  if (!talk.certain) return
  const [reader] = talk.founders as [string]
  const items = ((await messagesOf(store, reader, talk)) ?? []).reverse()
  claimEqual(
    items.map(({ seq }) => seq),
    items.map((_, at) => at + 1),
    `I4 seqs of ${talk.name}`,
  )
  let last = 0
  const present = new Set<Sent>()
  for (const message of items) {
    claim(message.timestamp >= last, 'I7 time goes back', message)
    last = message.timestamp
    present.add(talk.observe(message, moment))
  }
  claim(present.size === items.length, 'I6 a message is there twice', talk.name)
  talk.settle(present)
  let firstCall = 0
  for (const sent of present) {
    if (sent.calls > 1) continue
    claim(sent.firstCall >= firstCall, 'I4 not in the order of the calls', talk.name, sent)
    firstCall = sent.firstCall
  }
  talk.ackedHead = items.length
}

async function verifyUser(store: MessageStore, known: KnownWorld, user: string): Promise<void> {
  const list = await all((cursor) => store.getConversations(user, { limit: 3, ...withCursor(cursor) }))
  const seen = new Set<KnownTalk>()
  let unread = 0
  let unreadConversations = 0
  let before = Infinity
  for (const row of list) {
    const talk = known.listed(row.id, row.peer, user)
    claim(!seen.has(talk), 'I10 listed twice', row)
    seen.add(talk)
    claim(row.activityAt <= before, 'I10 the order of the list', list)
    before = row.activityAt
    unread += await verifyRow(store, talk, row, user)
    if (row.unread > 0) unreadConversations++
  }
  claimEqual(
    await store.getUnread(user),
    { total: unread, conversations: unreadConversations },
    `I9 unread of ${user}`,
  )
  for (const talk of known.talks.values()) {
    if (seen.has(talk)) continue
    const listed =
      talk.direct === null ? talk.standing(user) === 'in' : talk.ackedHead > 0 && talk.direct.includes(user)
    claim(!listed, 'I3 a conversation is missing in a list', talk.name, user)
    if (talk.id === '' || talk.direct?.includes(user) === true) continue
    claim((await messagesOf(store, user, talk)) === null, 'I20 a stranger reads', talk.name, user)
  }
}

async function verifyRow(
  store: MessageStore,
  talk: KnownTalk,
  row: Conversation,
  user: string,
): Promise<number> {
  claimEqual(await store.getConversation(user, row.id), row, `I11 a conversation and its row for ${user}`)
  const items = (await messagesOf(store, user, talk)) ?? []
  claimEqual(row.lastMessage, items[0] ?? null, `I10 the last message of ${talk.name} for ${user}`)
  claim(row.headSeq === (items[0]?.seq ?? 0), 'I10 the head', row)
  verifyVisible(talk, items.toReversed(), user)
  claim(row.left === !talk.members.has(user), 'I3 left', row, user)
  const count = row.left ? 0 : items.filter(({ seq, sender }) => seq > row.readSeq && sender !== user).length
  const stays = talk.stays.get(user)?.length ?? 0
  // What was there before somebody came again stays readable and does not count.
  if (stays <= 1 || row.left)
    claim(
      row.unread === count,
      'I9 unread',
      row,
      count,
      user,
      items.map(({ seq, sender }) => [seq, sender]),
      talk.stays.get(user),
    )
  else claim(row.unread <= count, 'I9 unread after coming again', row, count, user)
  const marks = talk.marksOf(user)
  claim(
    row.readSeq <= row.deliveredSeq && row.deliveredSeq <= Math.max(row.headSeq, marks.delivered),
    'I8 marks',
    row,
  )
  claim(
    row.readSeq >= marks.read && row.readSeq <= Math.max(marks.read, marks.mayRead),
    'I8 read',
    row,
    marks,
    user,
  )
  claim(
    row.deliveredSeq >= marks.delivered &&
      row.deliveredSeq <= Math.max(marks.delivered, marks.mayDelivered, marks.mayRead),
    'I8 delivered',
    row,
    marks,
  )
  marks.read = marks.mayRead = row.readSeq
  marks.delivered = marks.mayDelivered = row.deliveredSeq
  return row.unread
}

/** Everything for who was always there; for others the intervals of their stays, as far as the calls tell. */
function verifyVisible(talk: KnownTalk, items: readonly Message[], user: string): void {
  for (const message of items) {
    const sent = talk.bySeq.get(message.seq)
    claim(sent?.id === message.id && sent.sender === message.sender, 'I5 not what others see', message)
  }
  if (talk.sawAll(user)) {
    claim(items.length === talk.bySeq.size, 'I5 not all that others see', talk.name, user, items.length)
    return
  }
  const visible = new Set(items.map(({ seq }) => seq))
  const stays = talk.stays.get(user) ?? []
  for (const [seq, { firstCall, lastCall, known, calls }] of talk.bySeq) {
    if (calls > 1) continue
    const within = (stay: Stay): boolean => lastCall > stay.joinDone && (known ?? Infinity) < stay.leaveCalled
    const outside = (stay: Stay): boolean =>
      (known ?? Infinity) < stay.joinCalled || firstCall > stay.leaveDone
    if (stays.some(within)) claim(visible.has(seq), 'I3 a member does not see', talk.name, user, seq, stays)
    if (stays.every(outside)) claim(!visible.has(seq), 'I20 seen from outside', talk.name, user, seq, stays)
  }
  let intervals = 0
  for (const seq of visible) if (!visible.has(seq - 1)) intervals++
  claim(intervals <= stays.length, 'I3 holes in what a member sees', talk.name, user, [...visible])
}
