import { deepStrictEqual as same, ok, strictEqual as is } from 'node:assert/strict'
import type { ChangeRef } from '../backend/port.js'
import type { Position, UserId } from '../model/ids.js'
import { backendCase } from './backend-case.js'
import { failsWith, soon } from './checks.js'

const ada = 'ada' as UserId
const bob = 'bob' as UserId
const start = 0 as Position

export const feedCases = [
  backendCase('what happens is told to everybody whom it concerns', async (bench) => {
    const { backend } = bench
    const behind = { ada: await backend.latest(ada), bob: await backend.latest(bob) }
    const expectNews = async (forAda: readonly string[], forBob: readonly string[]) => {
      for (const [user, expected] of [
        ['ada', forAda],
        ['bob', forBob],
      ] as const) {
        const news = (await bench.feed(user, behind[user])).map(shortOf)
        for (const one of expected)
          ok(news.includes(one), `${user} was not told of ${one}, only of ${news.join(', ')}`)
        if (expected.length === 0) same(news, [])
        behind[user] = await backend.latest(user as UserId)
      }
    }
    const direct = await bench.direct('ada', 'bob')
    const { id } = direct
    await bench.say(direct, ['ada', 'hi'])
    await expectNews([`message ${id} 1`], [`message ${id} 1`])
    await bench.deliver('bob', direct, 1)
    await expectNews([`delivered ${id} bob`], [`delivered ${id} bob`])
    await bench.read('bob', direct, 1)
    await expectNews([`read ${id} bob`], [`read ${id} bob`])
    const group = await bench.group('trip', ['ada', 'cleo'])
    await expectNews(['conversation trip'], [])
    await bench.say(group, ['cleo', 'unseen'])
    await expectNews(['message trip 1'], [])
    await bench.join(group, 'bob')
    await expectNews(['member trip bob', 'conversation trip'], ['conversation trip'])
    await bench.change(group, { kind: 'rename', title: 'New' })
    await expectNews(['conversation trip'], ['conversation trip'])
    await bench.leave(group, 'bob', 'ada')
    await expectNews(['member trip bob', 'conversation trip'], ['conversation trip'])
    await bench.say(group, ['cleo', 'unseen too'])
    await expectNews(['message trip 2'], [])
    await backend.putContact(ada, bob, { listed: true, alias: undefined })
    await expectNews(['contact bob'], [])
    await bench.change(direct, { kind: 'block', blocker: bob, blocked: true })
    await expectNews([], ['contact ada'])
    await backend.putUser({ id: bob, name: 'Bob' })
    await expectNews([], ['profile'])
  }),

  backendCase('the feed reads the same in parts of any size', async (bench) => {
    const direct = await bench.direct('ada', 'bob')
    const group = await bench.group('trip', ['ada', 'bob'])
    for (let index = 1; index <= 20; index += 1) {
      await bench.say(direct, ['ada', 'hi'])
      await bench.say(group, ['bob', 'hi'])
      if (index % 4 === 0) await bench.read('bob', direct, index)
    }
    await bench.join(group, 'c', 'd', 'e')
    const all = await bench.feed('bob', start)
    ok(all.every(({ position }, index) => position >= (all[index - 1]?.position ?? 1)))
    is(all.filter(({ kind }) => kind === 'message').length, 40)
    for (const limit of [1, 2, 7]) same(await bench.feed('bob', start, limit), all)
    const { through, more } = await bench.backend.changes(bob, start, 1000)
    is(more, false)
    ok(through >= (all.at(-1)?.position ?? 0))
    const behind = await bench.backend.changes(bob, through, 1000)
    same([behind.refs, behind.more], [[], false])
    ok(behind.through >= through)
    const middle = all[10]?.position ?? start
    same(
      await bench.feed('bob', middle),
      all.filter(({ position }) => position > middle),
    )
  }),

  backendCase('a pointer says where its thing changed last', async (bench) => {
    const { backend } = bench
    const handle = await bench.direct('ada', 'bob')
    await bench.say(handle, ['ada', '1'], ['ada', '2'])
    await bench.read('bob', handle, 1)
    await bench.read('bob', handle, 2)
    await backend.putContact(bob, ada, { listed: true, alias: 'A' })
    await backend.putUser({ id: bob, name: 'Bob' })
    const feed = await bench.feed('bob', start)
    const last = (kind: ChangeRef['kind']) => feed.findLast((ref) => ref.kind === kind)?.position
    is(last('read'), (await backend.marks(bob, handle)).readAt)
    is(last('contact'), (await backend.contact(bob, ada))?.position)
    is(last('profile'), (await backend.user(bob))?.position)
    is(last('message'), (await bench.part('bob', handle)).position)
    if (backend.capabilities.positions === 'global') {
      const ofAda = await bench.feed('ada', start)
      is(ofAda.findLast(({ kind }) => kind === 'read')?.position, last('read'))
    } else {
      is(feed.filter(({ kind }) => kind === 'read').length, 1)
    }
  }),

  backendCase('nothing is told twice or missed by one who reads while others write', async (bench) => {
    const { backend } = bench
    const handle = await bench.direct('ada', 'bob')
    const told: number[] = []
    let from = await backend.latest(bob)
    const pull = async () => {
      const page = await backend.changes(bob, from, 3)
      ok(page.through >= from)
      from = page.through
      for (const ref of page.refs) if (ref.kind === 'message') told.push(ref.seq)
      return page.more
    }
    for (let index = 0; index < 30; index += 1) {
      const sending = bench.say(handle, ['ada', 'text'])
      await pull()
      await sending
    }
    await bench.settle()
    while (await pull());
    same(
      told,
      Array.from({ length: 30 }, (_, index) => index + 1),
    )
  }),

  backendCase('a hint comes soon after there is something to see, until nobody wants it', async (bench) => {
    const { backend } = bench
    const hints = { ada: 0, bob: 0, cleo: 0 }
    const ends = (['ada', 'bob', 'cleo'] as const).map((name) =>
      backend.watch(name as UserId, () => {
        hints[name] += 1
      }),
    )
    const handle = await bench.direct('ada', 'bob')
    await bench.say(handle, ['ada', '1'])
    await soon('both got a hint', () => hints.ada > 0 && hints.bob > 0)
    const before = hints.ada
    await bench.read('bob', handle, 1)
    await soon('the sender got a hint of the receipt', () => hints.ada > before)
    is(hints.cleo, 0)
    for (const end of ends) end()
    const after = { ...hints }
    await bench.say(handle, ['ada', '2'])
    same(hints, after)
  }),

  backendCase('each kind of change gives a hint', async (bench) => {
    const { backend } = bench
    let hints = 0
    const end = backend.watch(bob, () => {
      hints += 1
    })
    const hinted = async (what: string, change: () => Promise<unknown>) => {
      const before = hints
      await change()
      await soon(`${what} gave a hint`, () => hints > before)
    }
    const direct = await bench.direct('ada', 'bob')
    await hinted('a message', () => bench.say(direct, ['ada', '1']))
    await hinted("one's own message", () => bench.say(direct, ['bob', '2']))
    await hinted('a delivery', () => bench.deliver('ada', direct, 2))
    await hinted("one's own reading", () => bench.read('bob', direct, 1))
    await hinted('a new group', () => bench.group('trip', ['ada', 'bob']))
    const group = await bench.known('trip', 'bob')
    await hinted('a message in a group', () => bench.say(group, ['ada', '1']))
    await hinted('a joining', () => bench.join(group, 'cleo'))
    await hinted('a leaving', () => bench.leave(group, 'cleo', 'ada'))
    await hinted('a rename', () => bench.change(group, { kind: 'rename', title: 'New' }))
    await hinted("one's own leaving", () => bench.leave(group, 'bob', 'ada'))
    await hinted("one's own joining", () => bench.join(group, 'bob'))
    await hinted('a block', () => bench.change(direct, { kind: 'block', blocker: bob, blocked: true }))
    await hinted('a contact', () => backend.putContact(bob, ada, { listed: true, alias: undefined }))
    await hinted('a profile', () => backend.putUser({ id: bob, name: 'Bob' }))
    end()
  }),

  backendCase('what a hint is about can be read in the hint', async (bench) => {
    const { backend } = bench
    const handle = await bench.direct('ada', 'bob')
    const seen: Promise<number | undefined>[] = []
    const end = backend.watch(bob, () => {
      seen.push(Promise.resolve(backend.participation(bob, handle)).then((part) => part?.head))
    })
    await bench.say(handle, ['ada', '1'], ['ada', '2'])
    await soon('two messages were seen', async () => (await Promise.all(seen)).includes(2))
    end()
    const heads = await Promise.all(seen)
    same(
      heads,
      [...heads].sort((a, b) => (a ?? 0) - (b ?? 0)),
    )
  }),

  backendCase('a token is its position, in this store only', async (bench) => {
    const { backend } = bench
    await bench.say(await bench.direct('ada', 'bob'), ['ada', '1'], ['bob', '2'])
    const latest = await backend.latest(bob)
    const token = backend.token(latest)
    is(typeof token, 'string')
    is(backend.positionOf(token), latest)
    is(backend.positionOf(backend.token(start)), start)
    for (const bad of ['', 'x', 'null', '0', token.slice(0, -1) + '\0', `${token} `, token + token]) {
      await failsWith('INVALID_ARGUMENT', () => backend.positionOf(bad))
    }
    const other = await bench.another()
    await failsWith('RESYNC_REQUIRED', () => other.positionOf(token))
  }),
]

function shortOf(ref: ChangeRef): string {
  const { kind } = ref
  if (kind === 'profile') return kind
  if (kind === 'contact') return `${kind} ${ref.userId}`
  if (kind === 'message') return `${kind} ${ref.conversationId} ${ref.seq}`
  return kind === 'conversation'
    ? `${kind} ${ref.conversationId}`
    : `${kind} ${ref.conversationId} ${ref.userId}`
}
