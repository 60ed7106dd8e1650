import { deepStrictEqual as same, strictEqual as is } from 'node:assert/strict'
import { MOVED } from '../backend/port.js'
import type { Backend, ConversationChange, ConversationHandle } from '../backend/port.js'
import type { UserId } from '../model/ids.js'
import { backendCase } from './backend-case.js'
import type { Workbench } from './workbench.js'

const ada = 'ada' as UserId
const bob = 'bob' as UserId
const cleo = 'cleo' as UserId
const dan = 'dan' as UserId

/** A change, or a message of somebody. */
type Write = ConversationChange | { readonly kind: 'send'; readonly sender: UserId }

/** A write of one server, and what another one that does not know of it must not store. */
interface Clash {
  readonly first: string
  readonly write: Write
  readonly next: string
  readonly stale: Write
}

const send = (sender: UserId): Write => ({ kind: 'send', sender })
const leave = (user: UserId, owner: UserId): Write => ({ kind: 'leave', user, owner })
const join = (user: UserId): Write => ({ kind: 'join', users: [user] })
const block = (blocker: UserId): Write => ({ kind: 'block', blocker, blocked: true })
const create = (...members: readonly [UserId, ...UserId[]]): Write => {
  const [creator] = members
  return { kind: 'create', creator, title: undefined, members, createdAs: creator }
}

/** Of a group that there is not yet. */
const clashOfCreators: Clash = {
  first: 'ada has made the group',
  write: create(ada, cleo),
  next: 'bob makes one of that id',
  stale: create(bob),
}

/** Of a group of ada, who made it, bob and cleo. Most of them leave the head as it is. */
const clashesInGroups: readonly Clash[] = [
  { first: 'ada has left', write: leave(ada, bob), next: 'bob leaves', stale: leave(bob, ada) },
  { first: 'ada has left', write: leave(ada, bob), next: 'ada sends', stale: send(ada) },
  { first: 'dan was added', write: join(dan), next: 'dan is added', stale: join(dan) },
  { first: 'bob has sent', write: send(bob), next: 'cleo leaves', stale: leave(cleo, ada) },
]

/** Between ada and bob. */
const clashesOfTwo: readonly Clash[] = [
  { first: 'ada has sent', write: send(ada), next: 'bob sends', stale: send(bob) },
  { first: 'ada has blocked bob', write: block(ada), next: 'bob sends', stale: send(bob) },
]

export const serverCases = [
  backendCase(
    'what was decided before another server wrote stores nothing, whatever it wrote',
    async (bench) => {
      const other = await bench.beside()
      await clash(bench, other, clashOfCreators, (backend) => bench.known('made', 'ada', backend))
      for (const [index, one] of clashesInGroups.entries()) {
        const { id } = await bench.group(`group ${index}`, ['ada', 'bob', 'cleo'])
        await clash(bench, other, one, (backend) => bench.known(id, 'ada', backend))
      }
      for (const one of clashesOfTwo)
        await clash(bench, other, one, (backend) => bench.direct('ada', 'bob', backend))
    },
    'beside',
  ),

  backendCase(
    'what one server wrote is read, and gone on from, at another',
    async (bench) => {
      const other = await bench.beside()
      const group = await bench.group('trip', ['ada', 'bob', 'cleo'], 'A trip')
      await bench.say(group, ['ada', '1'], ['bob', '2'])
      await bench.leave(group, 'ada', 'bob')
      const there = await bench.known('trip', 'bob', other)
      same([there.head, there.group?.owner, there.group?.title], [2, 'bob', 'A trip'])
      same(await shown(other, there), await shown(bench.backend, group))
      same(await other.intervals(ada, there), [{ from: 1, to: 2 }])
      const draft = bench.draft('cleo', '3')
      await bench.append(there, draft, other)
      await bench.settle()
      await bench.backend.load(group, bob)
      is((await bench.backend.find(group, cleo, draft.id))?.seq, 3)
      is((await bench.part('bob', group)).lastMessage?.text, '3')
    },
    'beside',
  ),
]

/** `load` gives a server's handle of the conversation. */
async function clash(
  bench: Workbench,
  other: Backend,
  { first, write, next, stale }: Clash,
  load: (backend: Backend) => Promise<ConversationHandle>,
): Promise<void> {
  const here = await load(bench.backend)
  const there = await load(other)
  // What is asked before a send into a group is part of what has become old.
  if (stale.kind === 'send' && here.kind === 'group') await bench.backend.member(here, stale.sender)
  if (write.kind === 'send') await bench.append(there, bench.draft(write.sender, first), other)
  else await bench.commit(there, write, other)
  const outcome =
    stale.kind === 'send'
      ? await bench.backend.append(here, here.head, bench.draft(stale.sender, next))
      : await bench.backend.commit(here, here.head, stale)
  const what = `${first}, and ${next} at a server that does not know it`
  is(outcome, MOVED, what)
  await bench.settle()
  await load(bench.backend)
  await load(other)
  same(await shown(bench.backend, here), await shown(other, there), what)
}

/** What a conversation is to whoever writes to it next. */
async function shown(backend: Backend, handle: ConversationHandle): Promise<unknown> {
  const { kind, head, group } = handle
  const members = kind === 'group' ? await backend.members(handle, 0, 10) : []
  const blocked = [ada, bob].map((user) => handle.isBlocked(user))
  return { kind, head, group, blocked, members: members.map(({ userId }) => userId) }
}
