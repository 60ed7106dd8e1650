import { expect, onTestFinished, test } from 'vitest'
import { groupPrefix, keys } from '../../src/formats/keys.js'
import { systemClock } from '../../src/platform/clock.js'
import { closeGate, gatedShards, openGate } from '../fixtures/gated-shards.js'
import { localHost } from './hosts.js'
import { openGated } from './gated-store.js'

async function turns(n = 20): Promise<void> {
  for (let i = 0; i < n; i++) await systemClock.yield()
}

test('who is removed from a large group while their membership is read, and many others are looked at, is out', async () => {
  const gate = openGate()
  const host = await localHost(
    { tuning: { fanOut: 2, keptMembers: 8, readsNow: false } },
    { opener: gatedShards(gate) },
  )
  onTestFinished(host.destroy)
  const first = await host.open()
  const members = Array.from({ length: 12 }, (_, i) => `m${i}`)
  await first.groups.create({ creator: 'owner', members: ['x', ...members], id: 'g' })
  await first.sendMessage({ sender: 'owner', conversationId: 'g', text: 'one' })
  await first.close()

  const store = await host.open()
  onTestFinished(() => store.close())
  const { read, open } = closeGate(gate)
  gate.at = { key: keys.member(groupPrefix('g'), 'x') }
  const looking = store.getConversation('x', 'g')
  await read
  gate.at = 'nothing'
  await store.groups.removeMember('owner', 'g', 'x')
  for (const m of members) await store.getConversation(m, 'g')
  open()
  await looking
  await expect(
    store.sendMessage({ sender: 'x', conversationId: 'g', text: 'still here' }),
  ).rejects.toMatchObject({
    code: 'NOT_A_MEMBER',
  })
})

test('the unread total counts a group that becomes large while the total is made', async () => {
  const gate = openGate()
  const store = await openGated(gate, { tuning: { fanOut: 2, readsNow: false } }, async (first) => {
    await first.groups.create({ creator: 'b', members: ['a', 'c'], id: 'large' })
    await first.groups.create({ creator: 'b', members: ['a'], id: 'grows' })
    for (const text of ['1', '2', '3'])
      await first.sendMessage({ sender: 'b', conversationId: 'grows', text })
    await first.sendMessage({ sender: 'a', conversationId: 'large', text: 'x' })
    await first.groups.removeMember('a', 'large', 'a')
  })
  await store.getConversation('c', 'large')
  expect(await store.getUnread('a')).toMatchObject({ total: 3 })
  await store.groups.addMembers('b', 'large', ['a'])
  const { read, open } = closeGate(gate)
  gate.at = 'ranges'
  const total = store.getUnread('a')
  await read
  gate.at = 'nothing'
  await store.groups.addMembers('b', 'grows', ['d'])
  await turns()
  open()
  expect(await total).toMatchObject({ total: 3 })
  expect(await store.getUnread('a')).toMatchObject({ total: 3 })
})

/** Many in the same large groups, of which memory keeps few members; each answer of the shards is counted. */
async function crowd(keptMembers: number, users: readonly string[], groups: readonly string[]) {
  const gate = openGate()
  const store = await openGated(
    gate,
    { tuning: { fanOut: 2, keptMembers, readsNow: false } },
    async (first) => {
      for (const id of groups) await first.groups.create({ creator: users[0] as string, members: users, id })
      await first.sendMessage({
        sender: users[0] as string,
        conversationId: groups[0] as string,
        text: 'one',
      })
    },
  )
  return { store, gate }
}

const crowded = Array.from({ length: 12 }, (_, i) => `u${i}`)
const four = ['g1', 'g2', 'g3', 'g4']

// As few reads as if there was room for all. Or each makes all others read again, and the more they are the more they read, without end.
test.each([
  { what: 'lists', keptMembers: 4, most: 18 },
  { what: 'lists', keptMembers: 1, most: 18 },
  { what: 'conversations', keptMembers: 4, most: 5 },
])(
  'members of the same large groups read their $what at once, $keptMembers are kept',
  async ({ what, keptMembers, most }) => {
    const { store, gate } = await crowd(keptMembers, crowded, four)
    let reads = 0
    gate.onRead = () => {
      if (++reads > most * crowded.length) throw new Error('too many reads')
    }
    gate.at = 'all'
    const found = await Promise.all(
      crowded.map(async (user) =>
        what === 'lists'
          ? (await store.getConversations(user)).items.length
          : (await store.getConversation(user, 'g1'))?.headSeq,
      ),
    )
    gate.at = 'nothing'
    expect(found).toEqual(crowded.map(() => (what === 'lists' ? four.length : 1)))
  },
)

test.each(['live', 'flushed'])(
  'who is removed from a large group while their list is read has left it, though memory has no room for that (%s)',
  async (how) => {
    const { store, gate } = await crowd(1, ['owner', 'x', 'm1', 'm2'], ['g'])
    const { read, open } = closeGate(gate)
    gate.at = 'marks'
    const listing = store.getConversations('x')
    await read
    gate.at = 'nothing'
    await store.groups.removeMember('owner', 'g', 'x')
    await store.sendMessage({ sender: 'owner', conversationId: 'g', text: 'secret' })
    if (how === 'flushed') await store.admin.checkpoint()
    for (const other of ['m1', 'm2']) await store.getConversation(other, 'g')
    open()
    expect((await listing).items).toMatchObject([{ id: 'g', left: true, headSeq: 1 }])
    expect((await store.getConversations('x')).items).toMatchObject([{ id: 'g', left: true, headSeq: 1 }])
  },
)
