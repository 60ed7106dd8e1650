import { deepStrictEqual as same, ok, strictEqual as is } from 'node:assert/strict'
import { MOVED } from '../backend/port.js'
import type { MessageId, Position, UserId } from '../model/ids.js'
import { backendCase } from './backend-case.js'
import { failsWith } from './checks.js'
import { populate } from './populate.js'

const ada = 'ada' as UserId
const bob = 'bob' as UserId
const start = 0 as Position

export const lifecycleCases = [
  backendCase('closing finishes what was handed over, and refuses what comes later', async (bench) => {
    const { backend } = bench
    const handle = await bench.direct('ada', 'bob')
    await bench.say(handle, ['ada', '1'])
    const writes = [
      backend.append(handle, 1, bench.draft('ada', '2')),
      backend.putUser({ id: ada, name: 'Ada' }),
    ]
    await backend.close()
    const [appended] = await Promise.all(writes)
    if (backend.capabilities.moved === 'never') ok(typeof appended === 'object' && appended.seq === 2)
    await backend.close()
    const next = handle.head
    await failsWith('CLOSED', () => backend.append(handle, next, bench.draft('ada', '3')))
    await failsWith('CLOSED', () =>
      backend.commit(handle, next, { kind: 'block', blocker: ada, blocked: true }),
    )
    await failsWith('CLOSED', () =>
      backend.mark(bob, handle, { read: 1, delivered: 1, ownAtRead: 0 }, 'read'),
    )
    await failsWith('CLOSED', () => backend.putUser({ id: ada, name: 'A.' }))
    await failsWith('CLOSED', () => backend.putContact(ada, bob, { listed: true, alias: undefined }))
  }),

  backendCase('an id that the store makes comes once, and sorts by its time', async ({ backend }) => {
    const ids = Array.from({ length: 1000 }, () => backend.newMessageId())
    is(new Set(ids).size, 1000)
    // The first ten characters of a ULID are its time; those of one millisecond are in no order.
    const times = ids.map((id) => id.slice(0, 10))
    ok(times.every((time, index) => time >= (times[index - 1] ?? '')))
  }),

  backendCase('numbers and checks of the store can be asked at any time', async (bench) => {
    const { backend } = bench
    const before = await backend.stats()
    is(typeof before.backend, 'string')
    is(before.writes, 'accepted', 'writes are taken, and the numbers say otherwise')
    const handle = await bench.direct('ada', 'bob')
    await bench.say(handle, ['ada', '1'], ['bob', '2'])
    await bench.read('ada', handle, 2)
    ok((await backend.stats()).position > before.position)
    await backend.checkpoint()
    const report = await backend.verify()
    same([report.ok, report.findings], [true, []])
    ok(Object.keys(report.checked).length > 0)
    same(await backend.unread(ada), { total: 0, conversations: 0 })
  }),

  backendCase('nothing is refused as long as writes are taken', async (bench) => {
    const { backend } = bench
    is(backend.refusal(), null)
    await bench.say(await bench.direct('ada', 'bob'), ['ada', '1'])
    await bench.leave(await bench.group('trip', ['ada', 'bob']), 'bob', 'ada')
    is(backend.refusal(), null)
    if (await bench.reopen()) is(bench.backend.refusal(), null)
  }),

  backendCase('a checkpoint changes nothing that can be seen', async (bench) => {
    const { users, handles } = await populate(bench)
    const before = await bench.dump(users, handles)
    await bench.backend.checkpoint()
    same(await bench.dump(users, handles), before)
    await bench.say(await bench.direct('ada', 'bob'), ['bob', 'after it'])
    is((await bench.list('ada'))[0], handles[0]?.id)
  }),

  backendCase('everything is there when the data is opened again', async (bench) => {
    const { users, handles } = await populate(bench)
    const before = await bench.dump(users, handles)
    const feed = await bench.feed('bob', start)
    const token = bench.backend.token(await bench.backend.latest(bob))
    const { timestamp } = await bench.send(await bench.direct('x', 'y'), bench.draft('x', 'last'))
    if (!(await bench.reopen())) return
    same(await bench.dump(users, handles), before)
    same(await bench.feed('bob', start), feed)
    const position = bench.backend.positionOf(token)
    same(await bench.feed('bob', position), [])
    const direct = await bench.direct('ada', 'bob')
    is((await bench.backend.find(direct, ada, 'kept' as MessageId))?.seq, 1)
    const next = await bench.send(direct, bench.draft('bob', 'after it'))
    is(next.seq, direct.head)
    ok(next.timestamp >= timestamp)
    is((await bench.list('ada'))[0], direct.id)
    const news = await bench.feed('bob', position)
    same(
      news.map(({ kind }) => kind),
      ['message'],
    )
    const report = await bench.backend.verify()
    same(report.findings, [])
  }),

  backendCase('a write never ends in a way that is not promised', async (bench) => {
    const handle = await bench.direct('ada', 'bob')
    for (let index = 0; index < 30; index += 1) {
      await bench.backend.load(handle, ada)
      const outcome = await bench.backend.append(handle, handle.head, bench.draft('ada', 'text'))
      if (bench.backend.capabilities.moved === 'never') ok(outcome !== MOVED)
      if (outcome !== MOVED) is(outcome.seq, handle.head)
    }
  }),
]
