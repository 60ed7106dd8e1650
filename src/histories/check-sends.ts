import type { History, SeenMessage, SendOperation, Violation } from './history.js'
import { keyOf, type KnownMessages, type StoredSend } from './known-messages.js'

/** What the sends promised, held against what is stored at the end. */
export function* checkSends(history: History, known: KnownMessages): Generator<Violation> {
  yield* sameForAll(history)
  yield* inStoreTime(history)
  const stored = new Map<string, SeenMessage[]>()
  for (const conversation of known.conversations) {
    for (const [i, { message, attempts }] of known.of(conversation).entries()) {
      if (message.seq !== i + 1)
        yield { rule: 'gapless', what: `${conversation}: seq ${message.seq} at place ${i + 1}` }
      if (attempts.length === 0)
        yield { rule: 'nothing of itself', what: `${conversation} ${message.seq}: nobody sent it` }
      const key = keyOf(conversation, message.sender, message.id)
      stored.set(key, [...(stored.get(key) ?? []), message])
      if (attempts.length > 0 && !attempts.some(({ text }) => text === message.text))
        yield { rule: 'content', what: `${conversation} ${message.seq}: another text than was sent` }
    }
    yield* inOrder(history, conversation, known.of(conversation))
  }
  for (const [key, attempts] of known.attempts) yield* onceAtItsSeq(key, attempts, stored.get(key) ?? [])
}

/** Both sides, and all members, have the same; nobody has been left out. */
function* sameForAll({ members, finals }: History): Generator<Violation> {
  const readers = new Set(finals.map(({ conversationId, user }) => JSON.stringify([conversationId, user])))
  for (const [conversation, users] of members) {
    for (const user of users) {
      if (!readers.has(JSON.stringify([conversation, user])))
        yield { rule: 'same for all', what: `${conversation}: it is not known what ${user} reads at the end` }
    }
  }
  const first = new Map<string, readonly SeenMessage[]>()
  for (const { conversationId, user, messages } of finals) {
    const other = first.get(conversationId)
    if (other === undefined) first.set(conversationId, messages)
    else if (JSON.stringify(other) !== JSON.stringify(messages))
      yield {
        rule: 'same for all',
        what: `${conversationId}: ${user} reads something else than another member`,
      }
  }
}

/** A send that was called after another one was acknowledged has no earlier time, in whatever conversations they are. */
function* inStoreTime({ operations }: History): Generator<Violation> {
  const stored = operations.flatMap((operation) => {
    if (operation.kind !== 'send') return []
    const { outcome, call, end, conversationId } = operation
    if (outcome.kind !== 'acknowledged' || outcome.duplicate) return []
    return [{ call, end, conversationId, seq: outcome.seq, timestamp: outcome.timestamp }]
  })
  const acknowledged = stored.toSorted((a, b) => a.end - b.end)
  let done = 0
  let latest: (typeof stored)[number] | undefined
  for (const send of stored.toSorted((a, b) => a.call - b.call)) {
    for (
      let next = acknowledged[done];
      next !== undefined && next.end < send.call;
      next = acknowledged[done]
    ) {
      if (latest === undefined || next.timestamp > latest.timestamp) latest = next
      done += 1
    }
    if (latest !== undefined && latest.timestamp > send.timestamp)
      yield {
        rule: 'time',
        what: `${send.conversationId} ${send.seq}: its time ${send.timestamp} is before ${latest.timestamp}, that of ${latest.conversationId} ${latest.seq}, which had been acknowledged`,
      }
  }
}

function* onceAtItsSeq(
  key: string,
  attempts: readonly SendOperation[],
  stored: readonly SeenMessage[],
): Generator<Violation> {
  const seqs = stored.map(({ seq }) => seq)
  if (seqs.length > 1) yield { rule: 'at most once', what: `${key} is at ${seqs.join(' and ')}` }
  let fresh = 0
  for (const attempt of attempts) {
    const { outcome } = attempt
    if (outcome.kind !== 'acknowledged') continue
    if (!outcome.duplicate) fresh += 1
    else if (!attempts.some((other) => mayHaveStoredFor(attempt, other)))
      yield { rule: 'exactly once', what: `${key} was acknowledged as a repeat of nothing` }
    const found = stored.find(({ seq }) => seq === outcome.seq)
    if (found !== undefined && found.timestamp !== outcome.timestamp)
      yield {
        rule: 'time',
        what: `${key} was acknowledged with the time ${outcome.timestamp}, it has ${found.timestamp}`,
      }
    if (found === undefined)
      yield {
        rule: 'exactly once',
        what: `${key} was acknowledged at ${outcome.seq}, it is at ${seqs.join()}`,
      }
  }
  if (fresh > 1) yield { rule: 'exactly once', what: `${key} was acknowledged as new ${fresh} times` }
  if (seqs.length > 0 && attempts.every(({ outcome }) => outcome.kind === 'refused'))
    yield { rule: 'definite', what: `${key} was refused by every attempt, and is at ${seqs.join()}` }
}

/** The message that this attempt was told is a repeat may have been stored by the other one. */
function mayHaveStoredFor(repeat: SendOperation, other: SendOperation): boolean {
  return other !== repeat && other.outcome.kind !== 'refused' && other.call < repeat.end
}

function* inOrder(
  history: History,
  conversation: string,
  stored: readonly StoredSend[],
): Generator<Violation> {
  let before: StoredSend | undefined
  let latestCall = 0
  let newestCall = 0
  for (const send of stored) {
    const { message, attempts } = send
    const where = `${conversation} ${message.seq}`
    if (before !== undefined && message.timestamp < before.message.timestamp)
      yield { rule: 'time', what: `${where}: its time is before that of ${before.message.seq}` }
    // Whoever comes later in the conversation must not have been acknowledged before an earlier one was called.
    if (send.acknowledged < latestCall)
      yield { rule: 'real time', what: `${where}: one before it was called after its acknowledgement` }
    latestCall = Math.max(latestCall, send.called)
    const made = attempts.find(({ outcome }) => outcome.kind === 'acknowledged' && !outcome.duplicate)
    if (history.oneStore && made !== undefined) {
      if (made.call < newestCall)
        yield { rule: 'order of the calls', what: `${where}: it was called before one that it follows` }
      newestCall = Math.max(newestCall, made.call)
    }
    before = send
  }
}
