import { deepStrictEqual as same, notStrictEqual as isNot, ok, strictEqual as is } from 'node:assert/strict'
import { noMarks, unreadOf } from '../model/conversation.js'
import type { Position, UserId } from '../model/ids.js'
import { backendCase } from './backend-case.js'

const ada = 'ada' as UserId
const bob = 'bob' as UserId

export const listCases = [
  backendCase('the list has the conversation with the newest message first', async (bench) => {
    const names = ['bob', 'cleo', 'dan', 'eve']
    for (const name of [...names, 'cleo', 'bob'])
      await bench.say(await bench.direct('ada', name), [name, 'hi'])
    const { entries, more } = await bench.backend.recent(ada, { limit: 10 })
    same(
      entries.map(({ peer }) => peer),
      ['bob', 'cleo', 'eve', 'dan'],
    )
    is(more, false)
    ok(entries.every(({ position }, index) => position < (entries[index - 1]?.position ?? Infinity)))
    for (const entry of entries)
      same(entry, await bench.part('ada', bench.backend.conversation(entry.conversationId)))
  }),

  backendCase('the list is read in parts', async (bench) => {
    for (let index = 0; index < 40; index += 1)
      await bench.say(await bench.direct('ada', `u${index}`), ['ada', 'hi'])
    const { entries } = await bench.backend.recent(ada, { limit: 100 })
    is(entries.length, 40)
    for (const limit of [1, 7, 15, 16, 40]) {
      const walked = []
      let page = await bench.backend.recent(ada, { limit })
      for (;;) {
        ok(page.entries.length <= limit)
        walked.push(...page.entries)
        if (!page.more) break
        page = await bench.backend.recent(ada, { limit, below: walked.at(-1)?.position })
      }
      same(walked, entries)
    }
    same(await bench.backend.recent('nobody' as UserId, { limit: 5 }), { entries: [], more: false })
  }),

  backendCase('an answer is the same object until something changes', async (bench) => {
    const { backend } = bench
    const handle = await bench.direct('ada', 'bob')
    await bench.say(handle, ['ada', 'one'])
    const list = await backend.recent(bob, { limit: 20 })
    const part = await backend.participation(bob, handle)
    is(await backend.participation(bob, handle), part)
    is(await backend.recent(bob, { limit: 20 }), list)
    await bench.say(await bench.direct('cleo', 'dan'), ['cleo', 'elsewhere'])
    is(await backend.participation(bob, handle), part)
    is(await backend.recent(bob, { limit: 20 }), list)
    await bench.say(handle, ['ada', 'two'])
    const second = await bench.part('bob', handle)
    isNot(second, part)
    isNot(await backend.recent(bob, { limit: 20 }), list)
    same([part?.head, list.entries[0]?.head], [1, 1])
    await bench.read('bob', handle, 2)
    isNot(await backend.participation(bob, handle), second)
    is((await backend.recent(bob, { limit: 20 })).entries[0]?.marks.read, 2)
  }),

  backendCase('where a conversation stood can be asked later', async (bench) => {
    const { backend } = bench
    const first = await bench.direct('ada', 'bob')
    const second = await bench.direct('ada', 'cleo')
    const moments: Position[] = []
    moments.push(await backend.latest(ada))
    for (const handle of [first, second, first, first, second]) {
      await bench.say(handle, ['ada', 'text'])
      moments.push(await backend.latest(ada))
    }
    const known = async (handle: typeof first) => {
      const places = []
      for (const asOf of moments) places.push(await backend.stoodAt(ada, handle, asOf))
      return places
    }
    const ofFirst = await known(first)
    const ofSecond = await known(second)
    same([ofFirst[0], ofSecond[0], ofSecond[1]], [null, null, null])
    is(ofFirst[1], ofFirst[2])
    ok(Number(ofFirst[3]) > Number(ofFirst[2]) && Number(ofFirst[4]) > Number(ofFirst[3]))
    is(ofFirst[5], ofFirst[4])
    is(ofFirst[5], (await bench.part('ada', first)).position)
    ok(Number(ofSecond[2]) > Number(ofFirst[2]) && Number(ofSecond[2]) < Number(ofFirst[3]))
    is(ofSecond[2], ofSecond[4])
    is(ofSecond[5], (await bench.part('ada', second)).position)
  }),

  backendCase('joining is a place in the list, leaving is none', async (bench) => {
    const { backend } = bench
    const group = await bench.group('trip', ['ada', 'bob'])
    await bench.say(group, ['ada', 'before'])
    const direct = await bench.direct('cleo', 'dan')
    await bench.say(direct, ['dan', 'hi'])
    const before = await backend.latest('cleo' as UserId)
    await bench.join(group, 'cleo')
    same(await bench.list('cleo'), ['trip', direct.id])
    is(await backend.stoodAt('cleo' as UserId, group, before), null)
    const joined = await backend.latest('cleo' as UserId)
    is(await backend.stoodAt('cleo' as UserId, group, joined), (await bench.part('cleo', group)).position)
    await bench.say(direct, ['dan', 'again'])
    await bench.leave(group, 'cleo', 'ada')
    await bench.say(group, ['ada', 'unseen'])
    same(await bench.list('cleo'), [direct.id, 'trip'])
    const now = await backend.latest('cleo' as UserId)
    is(await backend.stoodAt('cleo' as UserId, group, now), (await bench.part('cleo', group)).position)
  }),

  backendCase('each joining is a place, also of one who has left and come back since', async (bench) => {
    const { backend } = bench
    const group = await bench.group('trip', ['ada', 'bob'])
    const places: [asOf: Position, place: Position][] = []
    for (const text of [null, 'seen', null, null]) {
      await bench.join(group, 'cleo')
      if (text !== null) await bench.say(group, ['ada', text])
      const { position } = await bench.part('cleo', group)
      places.push([await backend.latest('cleo' as UserId), position])
      await bench.leave(group, 'cleo', 'ada')
      await bench.say(group, ['ada', 'unseen'])
    }
    await bench.join(group, 'cleo')
    for (const [asOf, place] of places) is(await backend.stoodAt('cleo' as UserId, group, asOf), place)
  }),

  backendCase('unread is the sum over all conversations', async (bench) => {
    const group = await bench.group('trip', ['ada', 'bob', 'cleo'])
    const direct = await bench.direct('ada', 'bob')
    await bench.say(group, ['bob', '1'], ['ada', '2'], ['cleo', '3'])
    await bench.say(direct, ['bob', '1'], ['bob', '2'], ['ada', '3'])
    same(await bench.backend.unread(ada), { total: 4, conversations: 2 })
    same(await bench.backend.unread(bob), { total: 3, conversations: 2 })
    await bench.read('ada', direct, 3)
    same(await bench.backend.unread(ada), { total: 2, conversations: 1 })
    await bench.read('ada', group, 1)
    same(await bench.backend.unread(ada), { total: 1, conversations: 1 })
    await bench.say(direct, ['bob', '4'])
    same(await bench.backend.unread(ada), { total: 2, conversations: 2 })
    const { entries } = await bench.backend.recent(ada, { limit: 10 })
    same(
      entries.map((entry) => unreadOf(entry)),
      [1, 1],
    )
    same(await bench.backend.unread('nobody' as UserId), { total: 0, conversations: 0 })
  }),

  backendCase('marks stand as they were set', async (bench) => {
    const { backend } = bench
    const handle = await bench.direct('ada', 'bob')
    same(await backend.marks(bob, handle), noMarks)
    await bench.say(handle, ['ada', '1'], ['bob', '2'], ['ada', '3'], ['ada', '4'])
    same(await backend.marks(bob, handle), noMarks)
    await bench.deliver('bob', handle, 2)
    const delivered = await backend.marks(bob, handle)
    same([delivered.delivered, delivered.read, delivered.readAt], [2, 0, 0])
    ok(delivered.deliveredAt > 0)
    await bench.read('bob', handle, 3)
    const read = await backend.marks(bob, handle)
    same([read.delivered, read.read, read.ownAtRead], [3, 3, 1])
    is(read.deliveredAt, delivered.deliveredAt)
    ok(read.readAt > read.deliveredAt)
    same(await backend.marks(bob, handle), (await bench.part('bob', handle)).marks)
    is(unreadOf(await bench.part('bob', handle)), 1)
    same(await backend.marks(ada, handle), noMarks)
  }),

  backendCase('who marks sees it at once, without settling', async (bench) => {
    const handle = await bench.direct('ada', 'bob')
    await bench.say(handle, ['ada', '1'])
    await bench.backend.mark(bob, handle, { read: 1, delivered: 1, ownAtRead: 0 }, 'read')
    is((await bench.backend.marks(bob, handle)).read, 1)
    same(await bench.backend.unread(bob), { total: 0, conversations: 0 })
  }),
]
