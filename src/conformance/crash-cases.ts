import { deepStrictEqual as same, ok, strictEqual as is } from 'node:assert/strict'
import type { ConversationHandle } from '../backend/port.js'
import { isColumbaError } from '../errors.js'
import { isPresent } from '../model/group.js'
import type { MessageId, Position, UserId } from '../model/ids.js'
import { systemClock } from '../platform/clock.js'
import { backendCase } from './backend-case.js'
import { populate } from './populate.js'
import type { Workbench } from './workbench.js'

const ada = 'ada' as UserId
const bob = 'bob' as UserId
const dan = 'dan' as UserId
const start = 0 as Position

/** For how many turns of the event loop writes are under way before a crash. */
const moments = [0, 2, 8, 30, 100]
const sends = 8

export const crashCases = [
  backendCase(
    'what has resolved is there after a crash, for everybody',
    async (bench) => {
      const { users, handles } = await populate(bench)
      const before = await bench.dump(users, handles)
      const feed = await bench.feed('bob', start)
      const token = bench.backend.token(await bench.backend.latest(bob))
      const { timestamp } = await bench.send(await bench.direct('x', 'y'), bench.draft('x', 'last'))
      await bench.crash()
      is((await bench.part('y', await bench.direct('x', 'y'))).lastMessage?.text, 'last')
      same(await bench.dump(users, handles), before)
      same(await bench.feed('bob', start), feed)
      same(await feedBehind(bench, token), [])
      const direct = await bench.direct('ada', 'bob')
      is((await bench.backend.find(direct, ada, 'kept' as MessageId))?.seq, 1)
      const next = await bench.send(direct, bench.draft('bob', 'after it'))
      is(next.seq, direct.head)
      ok(next.timestamp >= timestamp, 'the time of the store goes back after a crash')
      same((await bench.backend.verify()).findings, [])
    },
    'crash',
  ),

  backendCase(
    'of what was under way in a crash everybody has all or nothing, and a repeat stores it once',
    async (bench) => {
      for (const moment of moments) {
        await crashAmidWrites(bench, moment)
        await checkMessages(bench, moment)
        await checkMembers(bench, moment)
      }
      same((await bench.backend.verify()).findings, [])
    },
    'crash',
  ),
]

/** What bob's feed has behind a token of before the crash: nothing where the backend says that such tokens have ended. */
async function feedBehind(bench: Workbench, token: string): Promise<unknown> {
  let position: Position
  try {
    position = bench.backend.positionOf(token)
  } catch (error) {
    if (isColumbaError(error, 'RESYNC_REQUIRED')) return []
    throw error
  }
  return bench.feed('bob', position)
}

const keyOf = (index: number) => `under way ${index}` as MessageId

/** A group of its own for each crash gets messages, and then a member; another one is made. Nobody hears what becomes of it. */
async function crashAmidWrites(bench: Workbench, moment: number): Promise<void> {
  const handle = await bench.group(`group ${moment}`, ['ada', 'bob', 'cleo'])
  const begun = await bench.known(`begun ${moment}`, 'ada')
  await bench.say(handle, ['bob', 'acknowledged'])
  void writeAll(bench, handle, begun)
  for (let turn = 0; turn < moment; turn += 1) await systemClock.yield()
  await bench.crash()
  await bench.settle()
}

/** All at once, where the backend takes writes so. */
async function writeAll(
  bench: Workbench,
  handle: ConversationHandle,
  begun: ConversationHandle,
): Promise<void> {
  const { backend } = bench
  const ended = () => undefined
  const made = { title: undefined, members: [ada, bob, dan], createdAs: 'as made' }
  void bench.commit(begun, { kind: 'create', creator: ada, ...made }, backend).catch(ended)
  for (let index = 0; index < sends; index += 1) {
    const draft = bench.draft('ada', `text ${index}`, { id: keyOf(index) })
    const sending = bench.append(handle, draft, backend).catch(ended)
    if (backend.capabilities.moved === 'possible') await sending
  }
  void bench.commit(handle, { kind: 'join', users: [dan] }, backend).catch(ended)
}

async function checkMessages(bench: Workbench, moment: number): Promise<void> {
  const handle = await bench.known(`group ${moment}`, 'ada')
  const heads = []
  for (const user of ['ada', 'bob', 'cleo']) heads.push((await bench.part(user, handle)).head)
  same(heads, [handle.head, handle.head, handle.head], 'a message is in the views of some only')
  ok(handle.head >= 1, 'what was acknowledged is gone')
  for (let index = 0; index < sends; index += 1) {
    const found = await bench.backend.find(handle, ada, keyOf(index))
    if (found === null) await bench.send(handle, bench.draft('ada', `text ${index}`, { id: keyOf(index) }))
  }
  const messages = await bench.backend.messages(handle, { from: 1, to: handle.head, descending: false })
  same(
    messages.map(({ seq }) => seq),
    Array.from({ length: sends + 1 }, (_, index) => index + 1),
  )
  same(
    messages.map(({ text }) => text).toSorted(),
    ['acknowledged', ...Array.from({ length: sends }, (_, index) => `text ${index}`)].toSorted(),
  )
}

async function checkMembers(bench: Workbench, moment: number): Promise<void> {
  const { backend } = bench
  const handle = await bench.known(`group ${moment}`, 'ada')
  const joined = (await backend.membership(dan, handle)) !== null
  const part = await backend.participation(dan, handle)
  is(isPresent(part), joined, 'one who joined has no view of the group')
  for (const user of ['ada', 'bob', 'cleo']) is((await bench.part(user, handle)).memberCount, joined ? 4 : 3)
  const begun = await bench.known(`begun ${moment}`, 'ada')
  for (const user of [ada, bob, dan]) {
    const there = (await backend.participation(user, begun)) !== null
    is(there, begun.group !== null, `a group was begun, and ${user} does not see so`)
    is((await bench.list(user)).includes(begun.id), there)
  }
}
