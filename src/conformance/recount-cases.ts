import { deepStrictEqual as same } from 'node:assert/strict'
import type { ConversationHandle } from '../backend/port.js'
import { SeededChance } from '../backend/reference/seeded-chance.js'
import { isVisible, unreadOf } from '../model/conversation.js'
import { isPresent } from '../model/group.js'
import type { UserId } from '../model/ids.js'
import { backendCase } from './backend-case.js'
import type { Workbench } from './workbench.js'

const users = ['ada', 'bob', 'cleo', 'dan', 'eve']
const seeds = [1, 2, 3]
const steps = 120

/** What the case itself knows of one conversation. */
interface Known {
  readonly handle: ConversationHandle
  readonly senders: string[]
  readonly present: Set<string>
  /** By user: each stretch that the user may see. */
  readonly stretches: Map<string, { from: number; to: number | null }[]>
  readonly read: Map<string, number>
}

export const recountCases = seeds.map((seed) =>
  backendCase(`what users see equals a recount from the messages, seed ${seed}`, async (bench) => {
    const chance = new SeededChance(seed)
    const pick = <T>(items: readonly T[]): T => items[chance.below(items.length)] as T
    const conversations = await begin(bench)
    for (let step = 0; step < steps; step += 1) {
      const known = pick(conversations)
      const user = pick(users)
      await act(bench, known, user, chance)
    }
    for (const user of users) {
      const { entries } = await bench.backend.recent(user as UserId, { limit: 100 })
      const parts = []
      let total = 0
      let unreadConversations = 0
      for (const known of conversations) {
        const expected = recount(known, user)
        if (expected === null) continue
        const part = await bench.part(user, known.handle)
        const { head, intervals } = part
        // What follows from one's own messages is of no use to one who has left.
        const ownAtHead = isPresent(part) ? part.ownAtHead : null
        // Which messages they show is what counts: a backend may leave out what is empty and join what has no gap.
        const seen = seqsOf(known).filter((seq) => isVisible(intervals, seq))
        const last = intervals.at(-1)
        same(
          { head, ownAtHead, seen, isIn: last?.to === null, unread: unreadOf(part) },
          expected,
          `${user} in ${known.handle.id}`,
        )
        same(part.lastMessage?.seq ?? 0, head)
        parts.push(part)
        total += expected.unread
        if (expected.unread > 0) unreadConversations += 1
      }
      const listed = parts.toSorted((a, b) => b.position - a.position)
      same(entries, listed, `the list of ${user}`)
      same(await bench.backend.unread(user as UserId), { total, conversations: unreadConversations })
    }
  }),
)

function knownOf(handle: ConversationHandle, present: readonly string[], senders: string[]): Known {
  const stretches = new Map(present.map((user) => [user, [{ from: 1, to: null }]]))
  return { handle, senders, present: new Set(present), stretches, read: new Map() }
}

async function begin(bench: Workbench): Promise<Known[]> {
  const small = await bench.group('small', ['ada', 'bob'])
  const other = await bench.group('other', users)
  const direct = await bench.direct('ada', 'bob')
  await bench.say(direct, ['ada', 'first'])
  return [
    knownOf(small, ['ada', 'bob'], []),
    knownOf(other, users, []),
    knownOf(direct, ['ada', 'bob'], ['ada']),
  ]
}

async function act(bench: Workbench, known: Known, user: string, chance: SeededChance): Promise<void> {
  const { handle, senders, present, stretches, read } = known
  const head = senders.length
  if (!present.has(user)) {
    if (handle.kind !== 'group' || chance.happens(0.5)) return
    await bench.join(handle, user)
    present.add(user)
    stretches.set(user, [...(stretches.get(user) ?? []), { from: head + 1, to: null }])
    return
  }
  if (handle.kind === 'group' && present.size > 1 && chance.happens(0.15)) {
    present.delete(user)
    await bench.leave(handle, user, [...present][0] ?? null)
    stretches.set(
      user,
      (stretches.get(user) ?? []).map(({ from, to }) => ({ from, to: to ?? head })),
    )
    return
  }
  const visible = (await bench.part(user, handle)).head
  const before = read.get(user) ?? 0
  if (visible > before && chance.happens(0.3)) {
    const seq = before + 1 + chance.below(visible - before)
    await bench.read(user, handle, seq)
    read.set(user, seq)
    return
  }
  await bench.say(handle, [user, `text ${head + 1}`])
  senders.push(user)
}

function seqsOf({ senders }: Pick<Known, 'senders'>): number[] {
  return senders.map((_, index) => index + 1)
}

function recount({ senders, stretches, read }: Known, user: string) {
  const intervals = stretches.get(user)
  if (intervals === undefined) return null
  const seqs = seqsOf({ senders })
  const seen = seqs.filter((seq) => intervals.some(({ from, to }) => from <= seq && seq <= (to ?? Infinity)))
  const head = seen.at(-1) ?? 0
  const last = intervals.at(-1)
  if (last === undefined || last.to !== null) return { head, ownAtHead: null, seen, isIn: false, unread: 0 }
  const ownAtHead = seqs.filter((seq) => seq <= head && senders[seq - 1] === user).length
  const floor = Math.max(read.get(user) ?? 0, last.from - 1)
  const unread = seen.filter((seq) => seq > floor && senders[seq - 1] !== user).length
  return { head, ownAtHead, seen, isIn: true, unread }
}
