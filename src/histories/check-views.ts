import type {
  FollowOperation,
  History,
  ListedConversation,
  ListOperation,
  ReadOperation,
  Violation,
} from './history.js'
import { sameAsStored, type KnownMessages } from './known-messages.js'

/** What readers saw on the way and at the end, held against a recount from what is stored. */
export function* checkViews(history: History, known: KnownMessages): Generator<Violation> {
  const heads = new SeenHeads(history.atOnce)
  const operations = [...history.operations, ...history.lists].sort((a, b) => a.call - b.call)
  for (const operation of operations) {
    if (operation.kind === 'read') yield* checkRead(history, known, operation, heads)
    else if (operation.kind === 'list' || operation.kind === 'walk')
      yield* checkList(history, known, operation, heads)
    else if (operation.kind === 'follow') yield* checkFollow(history, known, operation)
  }
  for (const list of history.lists) yield* checkFinalList(history, known, list)
}

/** What a user saw of a conversation is never less later. Where views are late, each user has a view of one's own. */
class SeenHeads {
  readonly #atOnce: boolean
  readonly #seen = new Map<string, { readonly end: number; readonly head: number }[]>()

  constructor(atOnce: boolean) {
    this.#atOnce = atOnce
  }

  *note(
    user: string,
    conversation: string,
    head: number,
    { call, end }: { call: number; end: number },
  ): Generator<Violation> {
    const key = this.#atOnce ? conversation : JSON.stringify([user, conversation])
    const seen = this.#seen.get(key) ?? []
    const more = seen.find((other) => other.end < call && other.head > head)
    if (more !== undefined)
      yield {
        rule: 'never less',
        what: `${user} saw ${head} of ${conversation} at ${call}, ${more.head} had been seen before`,
      }
    seen.push({ end, head })
    this.#seen.set(key, seen)
  }
}

function* checkRead(
  history: History,
  known: KnownMessages,
  read: ReadOperation,
  heads: SeenHeads,
): Generator<Violation> {
  const { user, conversationId, limit, messages } = read
  const where = `page of ${user} in ${conversationId} at ${read.call}`
  for (const [i, message] of messages.entries()) {
    yield* sameAsStored(known, conversationId, message, where)
    if (i > 0 && message.seq !== (messages[i - 1]?.seq ?? 0) - 1)
      yield { rule: 'gapless', what: `${where}: a gap above ${message.seq}` }
  }
  const headSeq = messages[0]?.seq ?? 0
  // Everybody sees all from the beginning on.
  const full = limit === undefined ? messages.length : Math.min(limit, headSeq)
  if (messages.length !== full)
    yield { rule: 'full page', what: `${where}: ${messages.length} messages, ${full} are there for it` }
  yield* checkHead(history, known, { user, conversationId, headSeq, where }, read, heads)
}

function* checkHead(
  history: History,
  known: KnownMessages,
  {
    user,
    conversationId,
    headSeq,
    where,
  }: { user: string; conversationId: string; headSeq: number; where: string },
  time: { readonly call: number; readonly end: number },
  heads: SeenHeads,
): Generator<Violation> {
  const { least, most } = known.headRange(conversationId, time.call, time.end)
  if (history.atOnce && headSeq < least)
    yield { rule: 'acknowledged is visible', what: `${where}: ${headSeq} seen, ${least} acknowledged` }
  if (headSeq > most)
    yield { rule: 'nothing of itself', what: `${where}: ${headSeq} seen, ${most} were called` }
  yield* heads.note(user, conversationId, headSeq, time)
}

function* checkList(
  history: History,
  known: KnownMessages,
  list: ListOperation,
  heads: SeenHeads,
): Generator<Violation> {
  const { user, conversations, kind } = list
  const where = `${kind} of ${user} at ${list.call}`
  const shown = new Set<string>()
  for (const listed of conversations) {
    const { conversationId, headSeq } = listed
    if (shown.has(conversationId)) yield { rule: 'cursor', what: `${where}: ${conversationId} comes twice` }
    shown.add(conversationId)
    yield* recount(known, user, listed, where)
    yield* checkMarks(history, list, listed, where)
    yield* checkHead(history, known, { user, conversationId, headSeq, where }, list, heads)
  }
  if (history.atOnce) {
    for (const [conversation, members] of history.members) {
      if (!members.includes(user) || shown.has(conversation)) continue
      if (known.headRange(conversation, list.call, list.end).least > 0)
        yield { rule: 'cursor', what: `${where}: ${conversation} is missing` }
    }
  }
  if (kind === 'list' && history.atOnce) yield* inOrderOfTime(known, conversations, where)
}

/** Unread is what stands above the read position and is from others. */
function* recount(
  known: KnownMessages,
  user: string,
  listed: ListedConversation,
  where: string,
): Generator<Violation> {
  const { conversationId, headSeq, readSeq, unread, lastSeq } = listed
  const counted = known
    .of(conversationId)
    .slice(readSeq, headSeq)
    .filter(({ message }) => message.sender !== user).length
  if (counted !== unread)
    yield { rule: 'recount', what: `${where}: ${unread} unread in ${conversationId}, counted ${counted}` }
  if (lastSeq !== headSeq)
    yield { rule: 'recount', what: `${where}: ${conversationId} shows ${lastSeq}, its head is ${headSeq}` }
}

function* checkMarks(
  { operations }: History,
  { user, call, end }: ListOperation,
  { conversationId, readSeq, headSeq }: ListedConversation,
  where: string,
): Generator<Violation> {
  let least = 0
  let most = 0
  for (const mark of operations) {
    if (mark.kind !== 'mark' || mark.user !== user || mark.conversationId !== conversationId) continue
    if (mark.end < call) least = Math.max(least, mark.seq)
    if (mark.call < end) most = Math.max(most, mark.seq)
  }
  // A mark clamps to the head, so a list that is a moment old may show less than was marked.
  if (readSeq < Math.min(least, headSeq))
    yield { rule: 'marks', what: `${where}: read ${readSeq} in ${conversationId}, marked ${least}` }
  if (readSeq > most)
    yield { rule: 'marks', what: `${where}: read ${readSeq} in ${conversationId}, marked at most ${most}` }
}

/** A conversation whose message was called after another one's was acknowledged stands above it. */
function* inOrderOfTime(
  known: KnownMessages,
  conversations: readonly ListedConversation[],
  where: string,
): Generator<Violation> {
  let latestAbove = Infinity
  let above = ''
  for (const { conversationId, lastSeq } of conversations) {
    const last = known.of(conversationId)[lastSeq - 1]
    if (last === undefined) continue
    if (last.called > latestAbove)
      yield { rule: 'list order', what: `${where}: ${conversationId} stands below ${above}, which is older` }
    if (last.acknowledged < latestAbove) {
      latestAbove = last.acknowledged
      above = conversationId
    }
  }
}

function* checkFollow(history: History, known: KnownMessages, follow: FollowOperation): Generator<Violation> {
  const { user, messages } = follow
  const next = new Map<string, number>()
  const where = `feed of ${user}`
  for (const message of messages) {
    const { conversationId, seq } = message
    yield* sameAsStored(known, conversationId, message, where)
    const expected = next.get(conversationId)
    if (expected !== undefined && seq !== expected)
      yield { rule: 'feed', what: `${where}: ${conversationId} ${seq} came where ${expected} was due` }
    next.set(conversationId, seq + 1)
  }
  for (const [conversation, members] of history.members) {
    if (!members.includes(user)) continue
    const head = known.of(conversation).length
    const { most } = known.headRange(conversation, follow.call, follow.call)
    const reached = (next.get(conversation) ?? 1) - 1
    // What was acknowledged before the first token need not come; all that was called after it must.
    if (head > most && reached !== head)
      yield { rule: 'feed', what: `${where}: ${conversation} ends at ${reached}, its head is ${head}` }
    const first = messages.find((message) => message.conversationId === conversation)?.seq
    if (first !== undefined && first > most + 1)
      yield { rule: 'feed', what: `${where}: ${conversation} begins at ${first}` }
  }
}

/** At the end the list is the whole truth: every conversation with messages, each at its head. */
function* checkFinalList(
  { members }: History,
  known: KnownMessages,
  list: ListOperation,
): Generator<Violation> {
  const heads = new Map(list.conversations.map(({ conversationId, headSeq }) => [conversationId, headSeq]))
  for (const [conversation, users] of members) {
    const head = known.of(conversation).length
    if (!users.includes(list.user) || head === 0) continue
    if (heads.get(conversation) !== head)
      yield {
        rule: 'recount',
        what: `list of ${list.user} at the end: ${conversation} is at ${heads.get(conversation)}, not ${head}`,
      }
  }
}
