import { expect, onTestFinished, test } from 'vitest'
import { groupPartition, keys } from '../../src/formats/keys.js'
import { systemClock } from '../../src/platform/clock.js'
import { closeGate, gatedShards, openGate } from '../fixtures/gated-shards.js'
import { localHost } from './hosts.js'

async function turns(n = 20): Promise<void> {
  for (let i = 0; i < n; i++) await systemClock.yield()
}

test('who is removed from a large group while their membership is read, and many others are looked at, is out', async () => {
  const gate = openGate()
  const host = await localHost(
    { tuning: { fanOut: 2, keptMembers: 8, readsAtOnce: false } },
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
  gate.at = { key: keys.member(groupPartition('g'), 'x') }
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
  const host = await localHost({ tuning: { fanOut: 2, readsAtOnce: false } }, { opener: gatedShards(gate) })
  onTestFinished(host.destroy)
  const first = await host.open()
  await first.groups.create({ creator: 'b', members: ['a', 'c'], id: 'large' })
  await first.groups.create({ creator: 'b', members: ['a'], id: 'grows' })
  for (const text of ['1', '2', '3']) await first.sendMessage({ sender: 'b', conversationId: 'grows', text })
  await first.sendMessage({ sender: 'a', conversationId: 'large', text: 'x' })
  await first.groups.removeMember('a', 'large', 'a')
  await first.close()

  const store = await host.open()
  onTestFinished(() => store.close())
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
