import { expect, test } from 'vitest'
import { openLocalStore } from '../fixtures/local-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { ShardEdit } from './verify/shard-edit.js'

test.each([256, 1])(
  'what is kept of one who goes and comes all day stays small: fan-out %i',
  async (fanOut) => {
    const location = await temporaryDirectory()
    const parts = { settings: { syncEveryMs: Infinity }, local: { tuning: { fanOut } } }
    const store = await openLocalStore(location, parts)
    const into = { sender: 'ann', conversationId: 'hall' }
    await store.groups.create({ id: 'hall', creator: 'ann', members: ['ben', 'bot'] })
    const comeBack = async (whileOut: () => Promise<unknown> = () => Promise.resolve()): Promise<void> => {
      await store.groups.removeMember('bot', 'hall', 'bot')
      await whileOut()
      await store.groups.addMembers('ann', 'hall', ['bot'])
    }
    await comeBack()
    await store.sendMessage({ ...into, text: '1, seen' })
    await comeBack()
    await store.sendMessage({ ...into, text: '2, seen' })
    await comeBack(() => store.sendMessage({ ...into, text: '3, missed' }))
    await store.sendMessage({ ...into, text: '4, seen' })
    for (let i = 0; i < 400; i++) await comeBack()
    await store.sendMessage({ ...into, text: '5, seen' })

    const { items } = await store.getMessages('bot', 'hall')
    expect(items.map(({ seq }) => seq)).toEqual([5, 4, 2, 1])
    expect(await store.getUnread('bot')).toEqual({ total: 1, conversations: 1 })
    expect((await store.admin.verify()).findings).toEqual([])
    await store.close()
    const bytes = await ShardEdit.of(location, async (shards) => {
      const row = await shards.row('membership', 'bot')
      return row.payload.length
    })
    expect(bytes).toBeLessThan(1000)
  },
)

test.each([
  { damaged: false, keptMembers: 2 },
  { damaged: true, keptMembers: 1024 },
])('those who left a small group have what they had, and come back to it: %o', async (given) => {
  const location = await temporaryDirectory()
  const parts = {
    settings: { syncEveryMs: Infinity },
    local: { tuning: { keptMembers: given.keptMembers } },
  }
  let store = await openLocalStore(location, parts)
  const visitors = Array.from({ length: 9 }, (_, i) => `visitor ${i}`)
  const say = (sender: string) => store.sendMessage({ sender, conversationId: 'desk', text: sender })
  const seen = async (user: string) => (await store.getMessages(user, 'desk')).items.map(({ seq }) => seq)
  const everybody = async () => (await store.groups.members('bob', 'desk')).items.map(({ userId }) => userId)
  await store.groups.create({ creator: 'ada', members: ['bob'], id: 'desk' })
  for (const visitor of visitors) {
    await store.groups.addMembers('ada', 'desk', [visitor])
    await say(visitor)
    await say('bob')
    await store.groups.removeMember('ada', 'desk', visitor)
  }
  await store.close()
  if (given.damaged)
    await ShardEdit.of(location, async (shards) => {
      const [first] = await shards.rows(({ family }) => family === 'roll')
      if (first !== undefined) await shards.del(first)
    })

  store = await openLocalStore(location, parts)
  await say('bob')
  expect(await everybody()).toEqual(['ada', 'bob'])
  for (const [i, visitor] of visitors.entries()) {
    expect(await seen(visitor)).toEqual([2 * i + 2, 2 * i + 1])
    expect((await store.getConversations(visitor)).items).toMatchObject([{ left: true, headSeq: 2 * i + 2 }])
    await expect(say(visitor)).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
  }
  await expect(say('nobody')).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
  await store.groups.addMembers('bob', 'desk', ['visitor 4', 'visitor 2'])
  await say('visitor 4')
  await say('bob')
  expect(await seen('visitor 4')).toEqual([21, 20, 10, 9])
  expect(await store.getUnread('visitor 4')).toEqual({ total: 1, conversations: 1 })
  expect(await store.getUnread('visitor 2')).toEqual({ total: 2, conversations: 1 })
  // Who has been in longest follows: not one who came before and left.
  await store.groups.removeMember('ada', 'desk', 'ada')
  await store.groups.removeMember('bob', 'desk', 'bob')
  await store.groups.removeMember('visitor 4', 'desk', 'visitor 2')
  expect((await store.getUnread('visitor 4')).total).toBe(1)
  await store.groups.addMembers('visitor 4', 'desk', ['bob'])
  expect(await everybody()).toEqual(['visitor 4', 'bob'])
  expect((await store.admin.verify()).findings).toEqual([])
})
