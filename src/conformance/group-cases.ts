import { deepStrictEqual as same, ok, strictEqual as is } from 'node:assert/strict'
import type { ConversationHandle } from '../backend/port.js'
import { hasEnded, isVisible, mayRead, unreadOf } from '../model/conversation.js'
import { isPresent } from '../model/group.js'
import type { UserId } from '../model/ids.js'
import { backendCase } from './backend-case.js'
import type { Workbench } from './workbench.js'

const ada = 'ada' as UserId
const bob = 'bob' as UserId

export const groupCases = [
  backendCase('an unknown conversation is loaded as none', async ({ backend }) => {
    const handle = backend.conversation('nothing' as typeof handle.id)
    await backend.load(handle, ada)
    same([handle.loaded, handle.kind, handle.group, handle.head], [true, null, null, 0])
    is(await backend.participation(ada, handle), null)
    is(await backend.membership(ada, handle), null)
  }),

  backendCase('a handle that is held stays the one of its id', async ({ backend }) => {
    const handle = backend.conversation('nothing' as typeof handle.id)
    const release = backend.hold(handle)
    is(await backend.participation(ada, handle), null)
    is(backend.conversation(handle.id), handle)
    release()
  }),

  backendCase('a group is there for all its members once it is made', async (bench) => {
    const handle = await bench.group('trip', ['ada', 'bob', 'cleo'], 'A trip')
    same([handle.kind, handle.head], ['group', 0])
    const { group } = handle
    ok(group !== null)
    same(
      [group.id, group.title, group.creator, group.owner, group.memberCount, group.createdAs],
      ['trip', 'A trip', 'ada', 'ada', 3, 'trip as made'],
    )
    for (const user of ['ada', 'bob', 'cleo']) {
      const part = await bench.part(user, handle)
      same(
        [part.kind, part.title, part.memberCount, part.head, part.lastMessage, unreadOf(part), part.peer],
        ['group', 'A trip', 3, 0, null, 0, undefined],
      )
      is(part.activityAt, group.createdAt)
      same(part.intervals, [{ from: 1, to: null }])
      same(await bench.list(user), ['trip'])
    }
    is(await bench.backend.participation('dan' as UserId, handle), null)
    is(await bench.backend.member(handle, 'dan' as UserId), null)
    is(await bench.backend.membership('dan' as UserId, handle), null)
  }),

  backendCase('members come in the order of joining, page by page', async (bench) => {
    const handle = await bench.group('trip', ['m5', 'm1', 'm9'])
    await bench.join(handle, 'm0', 'm7')
    await bench.leave(handle, 'm1', 'm5')
    await bench.join(handle, 'm1')
    const all = await bench.backend.members(handle, 0, 100)
    same(
      all.map(({ userId }) => userId),
      ['m5', 'm9', 'm0', 'm7', 'm1'],
    )
    const walked = []
    for (let after = 0; ;) {
      const [next, none] = await bench.backend.members(handle, after, 1)
      is(none, undefined)
      if (next === undefined) break
      ok(next.ordinal > after)
      after = next.ordinal
      walked.push(next.userId)
    }
    same(
      walked,
      all.map(({ userId }) => userId),
    )
    is(handle.group?.memberCount, 5)
  }),

  backendCase('who joins sees what comes from then on', async (bench) => {
    const handle = await bench.group('trip', ['ada', 'bob'])
    await bench.say(handle, ['ada', '1'], ['bob', '2'])
    await bench.join(handle, 'cleo')
    const before = await bench.part('cleo', handle)
    same([before.head, before.lastMessage, unreadOf(before), before.memberCount], [0, null, 0, 3])
    same(before.intervals, [{ from: 3, to: null }])
    is((await bench.part('ada', handle)).memberCount, 3)
    same(await bench.list('cleo'), ['trip'])
    await bench.say(handle, ['ada', '3'], ['cleo', '4'])
    const after = await bench.part('cleo', handle)
    same([after.head, after.lastMessage?.text, unreadOf(after), after.ownAtHead], [4, '4', 1, 1])
    same([mayRead(after, 2), mayRead(after, 3)], [false, true])
    is(unreadOf(await bench.part('bob', handle)), 3)
  }),

  backendCase(
    'leaving freezes the conversation, and a second joining opens another part of it',
    async (bench) => {
      const handle = await bench.group('trip', ['ada', 'bob', 'cleo'])
      await bench.say(handle, ['bob', '1'], ['ada', '2'])
      await bench.leave(handle, 'bob', 'ada')
      await bench.say(handle, ['ada', '3'], ['cleo', '4'])
      const gone = await bench.part('bob', handle)
      same(
        [isPresent(gone), gone.head, gone.lastMessage?.text, gone.ownAtHead, unreadOf(gone)],
        [false, 2, '2', 1, 0],
      )
      same(gone.intervals, [{ from: 1, to: 2 }])
      same(await bench.backend.unread(bob), { total: 0, conversations: 0 })
      same((await bench.backend.member(handle, bob))?.intervals, [{ from: 1, to: 2 }])
      same(await bench.backend.membership(bob, handle), await bench.backend.member(handle, bob))
      is((await bench.part('ada', handle)).memberCount, 2)

      await bench.join(handle, 'bob')
      const back = await bench.part('bob', handle)
      same(back.intervals, [
        { from: 1, to: 2 },
        { from: 5, to: null },
      ])
      same([back.head, back.lastMessage?.text, back.ownAtJoin, unreadOf(back)], [2, '2', 1, 0])
      await bench.say(handle, ['ada', '5'], ['bob', '6'], ['cleo', '7'])
      const now = await bench.part('bob', handle)
      same([now.head, now.ownAtHead, unreadOf(now), now.memberCount], [7, 2, 2, 3])
      same(
        [2, 3, 4, 5].map((seq) => mayRead(now, seq)),
        [true, false, false, true],
      )
    },
  ),

  backendCase(
    'who is in, and what is visible, is asked anew after each joining and leaving',
    async (bench) => {
      const group = await bench.group('trip', ['ada', 'cleo'])
      await bench.say(group, ['ada', '1'])
      await expectIntervals(bench, group, 'has never been in', null)
      await bench.join(group, 'bob')
      await expectIntervals(bench, group, 'has just joined', { seen: [], isIn: true })
      await bench.say(group, ['ada', '2'], ['bob', '3'])
      await expectIntervals(bench, group, 'is in', { seen: [2, 3], isIn: true })
      await bench.leave(group, 'bob', 'ada')
      await bench.say(group, ['ada', '4'])
      await expectIntervals(bench, group, 'has left', { seen: [2, 3], isIn: false })
      await bench.join(group, 'bob')
      await bench.say(group, ['ada', '5'])
      await expectIntervals(bench, group, 'has come back', { seen: [2, 3, 5], isIn: true })
      await bench.leave(group, 'bob', 'ada')
      await bench.say(group, ['ada', '6'])
      await expectIntervals(bench, group, 'has left again', { seen: [2, 3, 5], isIn: false })
      const direct = await bench.direct('ada', 'bob')
      await expectIntervals(bench, direct, 'has not begun', null)
      await bench.say(direct, ['ada', '1'], ['bob', '2'])
      await expectIntervals(bench, direct, 'was written to', { seen: [1, 2], isIn: true })
    },
  ),

  backendCase('a leave hands the group over, a rename shows at all members', async (bench) => {
    const handle = await bench.group('trip', ['ada', 'bob'], 'Old')
    await bench.change(handle, { kind: 'rename', title: 'New' })
    for (const user of ['ada', 'bob']) is((await bench.part(user, handle)).title, 'New')
    await bench.leave(handle, 'ada', 'bob')
    same([handle.group?.owner, handle.group?.creator, handle.group?.title], ['bob', 'ada', 'New'])
    await bench.change(handle, { kind: 'rename', title: undefined })
    is((await bench.part('bob', handle)).title, undefined)
    is((await bench.part('ada', handle)).title, 'New')
    await bench.leave(handle, 'bob', null)
    same([handle.group?.owner, handle.group?.memberCount], [null, 0])
    same(await bench.backend.members(handle, 0, 10), [])
  }),

  backendCase('who owns a group is known after reopening, whoever made it', async (bench) => {
    const handle = await bench.group('trip', ['ada', 'bob', 'cleo'])
    await bench.leave(handle, 'ada', 'bob')
    await bench.join(handle, 'ada')
    const owned = ({ group }: ConversationHandle) => [group?.owner, group?.creator]
    same(owned(handle), ['bob', 'ada'])
    if (!(await bench.reopen())) return
    const again = bench.backend.conversation(handle.id)
    await bench.backend.load(again, ada)
    same(owned(again), ['bob', 'ada'])
    same((await bench.backend.members(again, 0, 1))[0]?.userId, 'bob')
  }),

  backendCase('a group may grow large, and nobody can tell', async (bench) => {
    const names = Array.from({ length: 1001 }, (_, index) => `member ${index}`)
    const handle = await bench.group('crowd', names.slice(0, 950))
    await bench.say(handle, ['member 0', '1'], ['member 7', '2'])
    await bench.read('member 3', handle, 1)
    await bench.join(handle, ...names.slice(950))
    await bench.say(handle, ['member 7', '3'], ['member 1000', '4'])
    const expected = {
      'member 0': 3,
      'member 3': 3,
      'member 7': 2,
      'member 9': 4,
      'member 960': 2,
      'member 1000': 1,
    }
    for (const [user, unread] of Object.entries(expected)) {
      const part = await bench.part(user, handle)
      same([user, unreadOf(part), part.head, part.memberCount], [user, unread, 4, 1001])
      same(await bench.backend.unread(user as UserId), { total: unread, conversations: 1 })
      same(await bench.list(user), ['crowd'])
    }
    const first = await bench.backend.members(handle, 0, 1000)
    const rest = await bench.backend.members(handle, first.at(-1)?.ordinal ?? 0, 1000)
    same([first.length, rest.length], [1000, 1], 'pages of 1,000 of 1,001 members')
    same(
      [...first, ...rest].map(({ userId }) => userId),
      names,
    )
    const other = await bench.direct('member 3', 'somebody')
    await bench.say(other, ['somebody', 'newer'])
    same(await bench.list('member 3'), [other.id, 'crowd'])
    await bench.say(handle, ['member 0', '5'])
    same(await bench.list('member 3'), ['crowd', other.id])
    await bench.leave(handle, 'member 3', 'member 0')
    await bench.say(handle, ['member 0', '6'])
    const gone = await bench.part('member 3', handle)
    same([gone.head, gone.lastMessage?.text, unreadOf(gone)], [5, '5', 0])
    is((await bench.backend.members(handle, 0, 1001)).length, 1000)
    is(handle.group?.memberCount, 1000)
  }),
]

/** Everything that gives the intervals of bob's part must give the same. */
async function expectIntervals(
  { backend }: Workbench,
  handle: ConversationHandle,
  what: string,
  expected: { readonly seen: readonly number[]; readonly isIn: boolean } | null,
): Promise<void> {
  const seqs = Array.from({ length: handle.head }, (_, index) => index + 1)
  const answers = {
    participation: (await backend.participation(bob, handle))?.intervals,
    intervals: await backend.intervals(bob, handle),
    standing: (await backend.standing(bob, handle))?.intervals,
    // Of groups only.
    ...(handle.kind === 'group' ? { membership: (await backend.membership(bob, handle))?.intervals } : {}),
  }
  for (const [method, intervals] of Object.entries(answers)) {
    const said =
      intervals === undefined || intervals === null
        ? null
        : { seen: seqs.filter((seq) => isVisible(intervals, seq)), isIn: !hasEnded(intervals) }
    same(said, expected, `what ${method} says of one who ${what} is not what was written`)
  }
}
