import { expect, test } from 'vitest'
import { type LocalMessageStore, MessageStore } from '../../src/api/message-store.js'
import { resolveLimits } from '../../src/limits.js'
import { openLocalBackend } from '../../src/local/open-local-backend.js'
import { directConversationId } from '../../src/model/direct-conversation-id.js'
import { ManualClock } from '../../src/model-checking/manual-clock.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { systemRandom } from '../../src/platform/random.js'
import { interferedFileSystem } from '../fixtures/failing-file-system.js'
import { closeGate, gatedShards, openGate } from '../fixtures/gated-shards.js'
import { cacheOf } from '../fixtures/cache-stats.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const KiB = 1024

interface World {
  readonly location: string
  cacheBytes: number
  exactIds: number
  logFails: boolean
}

async function newWorld(exactIds: number): Promise<World> {
  return { location: await temporaryDirectory(), cacheBytes: 128 * KiB, exactIds, logFails: false }
}

async function open(world: World, gate = openGate(), queueCalls = 65_536): Promise<LocalMessageStore> {
  const { location, cacheBytes, exactIds } = world
  const limits = resolveLimits({ queueCalls })
  const clock = new ManualClock()
  const settings = {
    location,
    shards: 1,
    virtualNodes: 1,
    syncEveryMs: 0,
    cacheTierSize: 2,
    cacheBytes,
    limits,
  }
  const fileSystem = interferedFileSystem(nodeFileSystem, {
    before: (operation, path) => {
      if (world.logFails && operation === 'write' && path.includes('/log/'))
        throw Object.assign(new Error('EIO: write'), { code: 'EIO' })
    },
  })
  const components = { clock, random: systemRandom, fileSystem, logger: undefined, metrics: undefined }
  const tuning = { generationBytes: 2 * KiB, exactIds }
  const backend = await openLocalBackend(settings, components, { tuning, opener: gatedShards(gate) })
  return new MessageStore(backend, { limits, clock, usersMode: 'open' })
}

const send = (i: number) => ({
  sender: i % 3 === 0 ? 'ben' : 'ann',
  receiver: i % 3 === 0 ? 'ann' : 'ben',
  text: `${i}`,
  id: `id ${i}`,
})

/** Conversations of others, so many that nobody else is left in memory. */
async function crowd(store: LocalMessageStore, round: string): Promise<void> {
  for (let i = 0; i < 200; i++)
    await store.sendMessage({ sender: `${round} ${i}`, receiver: `other ${i}`, text: 'hello' })
  await store.admin.checkpoint()
  for (let i = 0; i < 100; i++) await store.getConversations(`other ${i}`)
}

test.each([
  ['all their keys', 1000],
  ['a filter of their keys', 0],
])(
  'messages to a conversation that was put away with %s need no shard, and repeats are found',
  async (_, exactIds) => {
    const store = await open(await newWorld(exactIds))
    let sent = 0
    // The second time that it is put away, and brought back, what came since the first one is known as well.
    for (const round of ['first', 'second', 'third']) {
      const before = await cacheOf(store)
      for (let i = 0; i < 5; i++) expect((await store.sendMessage(send(sent))).seq).toBe(++sent)
      const { loads, rowReads } = await cacheOf(store)
      expect([loads, rowReads]).toEqual([before.loads, before.rowReads])
      for (let i = 0; i < sent; i++)
        expect(await store.sendMessage(send(i))).toMatchObject({ seq: i + 1, duplicate: true })
      await crowd(store, round)
      expect((await cacheOf(store)).parked).toBeGreaterThan(10)
    }
    expect((await store.getMessages('ann', { peer: 'ben' })).items).toHaveLength(sent)
    await store.close()
  },
)

test('a block outlasts being put away, and a look by the id alone takes nothing from it', async () => {
  const store = await open(await newWorld(48))
  const { conversationId } = await store.sendMessage(send(1))
  await store.contacts.block('ben', 'ann')
  await crowd(store, 'first')
  await expect(store.sendMessage(send(2))).rejects.toMatchObject({ code: 'BLOCKED' })
  await crowd(store, 'second')
  await store.sendMessage({ sender: 'ben', conversationId, text: 'by id' })
  await crowd(store, 'third')
  await expect(store.sendMessage(send(2))).rejects.toMatchObject({ code: 'BLOCKED' })
  expect((await store.sendMessage(send(3))).seq).toBe(3)
  await store.close()
})

test('looks with ids that are none, or by strangers, take nothing from what was put away', async () => {
  const store = await open(await newWorld(48))
  for (let i = 0; i < 3; i++) await store.sendMessage(send(i))
  const conversationId = directConversationId('ann', 'ben')
  await crowd(store, 'first')
  for (const id of [
    `d.${'_'.repeat(32)}`,
    `d.${'A'.repeat(32)}`,
    'd.',
    `d.${'-'.repeat(28)}`,
    conversationId,
  ])
    await expect(store.getMessages('eve', id)).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
  const before = await cacheOf(store)
  expect((await store.sendMessage(send(3))).seq).toBe(4)
  expect(await store.sendMessage(send(1))).toMatchObject({ seq: 2, duplicate: true })
  expect((await cacheOf(store)).loads).toBe(before.loads)
  await crowd(store, 'second')
  for (const letter of ['_', 'A'])
    await expect(store.getMessages('eve', `d.${letter.repeat(32)}`)).rejects.toMatchObject({
      code: 'NOT_A_MEMBER',
    })
  expect((await store.sendMessage(send(4))).seq).toBe(5)
  await store.close()
})

test('what is sent while the keys of a conversation are read anew is one of them', async () => {
  const gate = openGate()
  const store = await open(await newWorld(0), gate, 1)
  await store.groups.create({ creator: 'x', members: ['y'], id: 'group' })
  for (let i = 0; i < 5; i++) await store.sendMessage(send(i))
  await crowd(store, 'first')
  const { read, open: letThrough } = closeGate(gate)
  gate.at = 'ranges'
  const other = store.sendMessage({ sender: 'x', conversationId: 'group', text: 'takes the only place' })
  await read
  // Its key is looked for before it is refused.
  await expect(store.sendMessage(send(0))).rejects.toMatchObject({ code: 'OVERLOADED' })
  gate.at = 'nothing'
  expect((await store.sendMessage(send(5))).seq).toBe(6)
  letThrough()
  await other
  for (let i = 0; i < 6; i++)
    expect(await store.sendMessage(send(i))).toMatchObject({ seq: i + 1, duplicate: true })
  expect((await store.sendMessage(send(6))).seq).toBe(7)
  await store.close()
})

test('a message that the log has lost is not there when its conversation is put away and looked at again', async () => {
  const world = await newWorld(48)
  const store = await open(world)
  await store.sendMessage(send(1))
  await store.admin.checkpoint()
  for (let i = 0; i < 200; i++)
    await store.sendMessage({ sender: `user ${i}`, receiver: `other ${i}`, text: 'hello' })
  await store.admin.checkpoint()
  world.logFails = true
  await expect(store.sendMessage(send(2))).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  for (let i = 0; i < 200; i++) await store.getConversations(`other ${i}`)
  expect(await store.getConversation('ann', { peer: 'ben' })).toMatchObject({ headSeq: 1 })
  expect((await store.getMessages('ann', { peer: 'ben' })).items).toHaveLength(1)
  await expect(store.sendMessage(send(2))).rejects.toMatchObject({ code: 'POISONED' })
  expect(await store.getConversation('ann', { peer: 'ben' })).toMatchObject({ headSeq: 1 })
  await store.close().catch(() => undefined)
})
