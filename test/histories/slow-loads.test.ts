import { expect, onTestFinished, test } from 'vitest'
import { numberedRange, userPrefix } from '../../src/formats/keys.js'
import type { Conversation } from '../../src/model/conversation.js'
import { directConversationId } from '../../src/model/direct-conversation-id.js'
import type { CheckedStore } from '../../src/model-checking/store-under-test.js'
import { systemClock } from '../../src/platform/clock.js'
import { inKey } from '../fault/verify/shard-edit.js'
import { closeGate, gatedShards, openGate } from '../fixtures/gated-shards.js'
import { openGated } from './gated-store.js'
import { localHost } from './hosts.js'

/** A store whose next list of `a` hangs behind the gate, what is done before and meanwhile, and the list after that. */
async function listAround(
  meanwhile: (store: CheckedStore) => Promise<unknown>,
  others: readonly string[] = [],
  before: (store: CheckedStore) => Promise<unknown> = async () => undefined,
): Promise<readonly Conversation[]> {
  const gate = openGate()
  const store = await openGated(gate, {}, async (first) => {
    for (const sender of others) await first.sendMessage({ sender, receiver: 'a', text: 'one' })
    for (const text of ['one', 'two', 'three']) await first.sendMessage({ sender: 'b', receiver: 'a', text })
  })
  const { read, open } = closeGate(gate)
  await before(store)
  gate.at = 'marks'
  const loading = store.getConversations('a')
  await read
  gate.at = 'nothing'
  await meanwhile(store)
  open()
  await loading
  return (await store.getConversations('a')).items
}

test('a mark that is made while a list is loaded is in the list', async () => {
  const items = await listAround((store) => store.markRead('a', { peer: 'b' }, 3))
  expect(items).toMatchObject([{ readSeq: 3, unread: 0 }])
})

test('a mark that is made and flushed while a list is loaded is in the list', async () => {
  const items = await listAround(async (store) => {
    await store.markRead('a', { peer: 'b' }, 3)
    await store.admin.checkpoint()
  })
  expect(items).toMatchObject([{ readSeq: 3, unread: 0 }])
})

/** As many are kept beside a list. */
const others = Array.from({ length: 256 }, (_, i) => `peer ${i}`)

test('a mark that is made and flushed while a list is loaded is in the list though memory has let go of it', async () => {
  const items = await listAround(async (store) => {
    await store.markRead('a', { peer: 'b' }, 3)
    for (const peer of others) await store.getConversation('a', { peer })
    await store.admin.checkpoint()
  }, others)
  expect(items[0]).toMatchObject({ peer: 'b', readSeq: 3, unread: 0 })
})

test('a mark that was made before a list is loaded, and is flushed meanwhile, is in the list', async () => {
  const items = await listAround(
    (store) => store.admin.checkpoint(),
    others,
    async (store) => {
      await store.markRead('a', { peer: 'b' }, 3)
      for (const peer of others) await store.getConversation('a', { peer })
    },
  )
  expect(items[0]).toMatchObject({ peer: 'b', readSeq: 3, unread: 0 })
})

test('a stranger whose look at a conversation is slow takes nothing from those who are in it', async () => {
  const gate = openGate()
  const host = await localHost({ tuning: { readsNow: false } }, { opener: gatedShards(gate) })
  onTestFinished(host.destroy)
  const first = await host.open()
  const told = { sender: 'b', receiver: 'a', text: 'one', id: 'told' }
  const receipt = await first.sendMessage(told)
  const { conversationId } = receipt
  await first.sendMessage({ sender: 'a', receiver: 'b', text: 'two' })
  await first.close()

  const store = await host.open()
  onTestFinished(() => store.close())
  const { read, open } = closeGate(gate)
  // Of all partitions; the first that is read is the stranger's own, where nothing is.
  gate.at = { key: Buffer.concat([Buffer.of(1), inKey(conversationId)]) }
  const strange = store.sendMessage({ sender: 'c', conversationId, text: 'let me in' }).catch(String)
  await read
  gate.at = 'nothing'
  // Now somebody says who the two are.
  const again = store.sendMessage(told)
  const next = store.sendMessage({ sender: 'b', receiver: 'a', text: 'three' })
  open()
  expect(await again).toEqual({ ...receipt, duplicate: true })
  expect(await next).toMatchObject({ conversationId, seq: 3 })
  expect(await strange).toContain('not a member')
  expect((await store.getMessages('a', conversationId)).items.map(({ text }) => text)).toEqual([
    'three',
    'two',
    'one',
  ])
})

test('a stranger whose look at a conversation fails takes nothing from those who wait for it', async () => {
  const gate = openGate()
  const host = await localHost({ tuning: { readsNow: false } }, { opener: gatedShards(gate) })
  onTestFinished(host.destroy)
  const first = await host.open()
  const { conversationId } = await first.sendMessage({ sender: 'b', receiver: 'a', text: 'one' })
  await first.close()

  const store = await host.open()
  onTestFinished(() => store.close())
  const { read, fail } = closeGate(gate)
  // Of all partitions; the first that is read is the stranger's own.
  gate.at = { key: Buffer.concat([Buffer.of(1), inKey(conversationId)]) }
  const strange = [store.markRead('c', conversationId, 1), store.markRead('c', conversationId, 1)]
  await read
  gate.at = 'nothing'
  const next = store.sendMessage({ sender: 'b', receiver: 'a', text: 'two' })
  fail(new Error('Corruption: block checksum mismatch'))
  expect(await next).toMatchObject({ conversationId, seq: 2 })
  for (const look of strange) await expect(look).rejects.toMatchObject({ code: 'CORRUPT' })
})

test('a group that comes in a generation which begins, and is flushed, while the groups are read is followed', async () => {
  const gate = openGate()
  const host = await localHost({}, { opener: gatedShards(gate) })
  onTestFinished(host.destroy)
  const first = await host.open()
  await first.groups.create({ creator: 'a', members: ['b'], id: 'old' })
  const { token } = await first.getChanges('a')
  await first.close()

  const store = await host.open()
  onTestFinished(() => store.close())
  const { read, open } = closeGate(gate)
  gate.at = 'ranges'
  const reading = store.getChanges('a', { since: token })
  await read
  gate.at = 'nothing'
  await store.sendMessage({ sender: 'c', receiver: 'd', text: 'ends the generation that was there' })
  await store.admin.checkpoint()
  await store.groups.create({ creator: 'b', members: ['a'], id: 'new' })
  await store.admin.checkpoint()
  open()
  await reading
  await store.sendMessage({ sender: 'b', conversationId: 'new', text: 'hello' })
  const { changes } = await store.getChanges('a', { since: token })
  expect(changes.flatMap((change) => (change.kind === 'message' ? [change.message.text] : []))).toEqual([
    'hello',
  ])
})

test('messages that come, and are flushed, while a list is loaded are in the list', async () => {
  const items = await listAround(async (store) => {
    await store.sendMessage({ sender: 'c', receiver: 'a', text: 'flushed' })
    await store.admin.checkpoint()
    await store.sendMessage({ sender: 'd', receiver: 'a', text: 'live' })
  })
  expect(items.map(({ peer, headSeq }) => [peer, headSeq])).toEqual([
    ['d', 1],
    ['c', 1],
    ['b', 3],
  ])
})

test('a lower mark that waits behind a higher one does not take it back', async () => {
  const host = await localHost({})
  onTestFinished(host.destroy)
  const store = await host.open()
  onTestFinished(() => store.close())
  for (const text of ['one', 'two', 'three']) await store.sendMessage({ sender: 'b', receiver: 'a', text })
  await Promise.all([3, 1, 2].map((seq) => store.markRead('a', { peer: 'b' }, seq)))
  expect(await store.getConversation('a', { peer: 'b' })).toMatchObject({ readSeq: 3, unread: 0 })
})

// A user with large groups has the list read in three looks at the shard. A group that moves among them, from the ones in
// the order of time to the large ones, must not slip through, after whichever look it is flushed.
test.each([1, 2, 3])(
  'a group that became large, and is flushed after look %i, is in the list',
  async (looks) => {
    const gate = openGate()
    const store = await openGated(gate, { tuning: { fanOut: 2 } }, async (first) => {
      await first.groups.create({ creator: 'a', members: ['b', 'c'], id: 'large' })
      await first.groups.create({ creator: 'a', members: ['b'], id: 'grows' })
      await first.sendMessage({ sender: 'b', receiver: 'a', text: 'one' })
    })
    await store.groups.addMembers('b', 'grows', ['c'])
    let left = looks
    let open = (): void => undefined
    const read = new Promise<void>((resolve) => {
      gate.onRead = () => {
        left -= 1
        if (left > 0) return
        gate.at = 'nothing'
        gate.through = new Promise((through) => {
          open = through
        })
        resolve()
      }
    })
    gate.at = 'ranges'
    const loading = store.getConversations('a')
    await read
    await store.admin.checkpoint()
    open()
    expect((await loading).items.map(({ id }) => id)).toContain('grows')
  },
)

// How many of the unread messages are the user's own is counted in the shard, behind these looks or in one of them; how many
// there are before it goes by how fast the disk is.
test.each([1, 2, 3, 4, 5])(
  'an own message that comes during look %i, while a group is loaded, is not unread',
  async (looks) => {
    const gate = openGate()
    const store = await openGated(gate, {}, async (first) => {
      await first.groups.create({ creator: 'a', members: ['b'], id: 'group' })
      for (const sender of ['a', 'b', 'a'])
        await first.sendMessage({ sender, conversationId: 'group', text: 'x' })
    })
    // Whoever sends knows the group by now; the list of `a` does not.
    await store.sendMessage({ sender: 'b', conversationId: 'group', text: 'x' })
    let left = looks
    let open = (): void => undefined
    const read = new Promise<void>((resolve) => {
      gate.onRead = () => {
        left -= 1
        if (left > 0) return
        gate.at = 'nothing'
        gate.through = new Promise((through) => {
          open = through
        })
        resolve()
      }
    })
    gate.at = 'ranges'
    const loading = store.getConversations('a')
    // There may be fewer looks than this.
    await Promise.race([read, loading])
    gate.at = 'nothing'
    let isSent = false
    const sending = store.sendMessage({ sender: 'a', conversationId: 'group', text: 'own' }).then(() => {
      isSent = true
    })
    // Some wait for the very same look.
    for (let turn = 0; turn < 5000 && !isSent; turn++) await systemClock.yield()
    open()
    await Promise.all([loading, sending])
    expect((await store.getConversations('a')).items).toMatchObject([{ id: 'group', headSeq: 5, unread: 2 }])
  },
)

test('an own message that comes while the own ones of a group are counted is not unread', async () => {
  const gate = openGate()
  const store = await openGated(gate, {}, async (first) => {
    await first.groups.create({ creator: 'a', members: ['b'], id: 'group' })
    for (const sender of ['a', 'b', 'a'])
      await first.sendMessage({ sender, conversationId: 'group', text: 'x' })
  })
  const { read, open } = closeGate(gate)
  gate.at = { from: numberedRange(userPrefix('a'), 'own', 'group', 0).gte }
  const loading = store.getConversations('a')
  await read
  gate.at = 'nothing'
  await store.sendMessage({ sender: 'a', conversationId: 'group', text: 'own' })
  open()
  await loading
  expect((await store.getConversations('a')).items).toMatchObject([{ id: 'group', headSeq: 4, unread: 1 }])
})

test('a long first page and the walk from there give everything once, whatever moves while it is read', async () => {
  const gate = openGate()
  const peers = Array.from({ length: 700 }, (_, i) => `peer ${i}`)
  const store = await openGated(gate, {}, async (first) => {
    // In this order: peer 699 is at the top.
    for (const sender of peers) await first.sendMessage({ sender, receiver: 'a', text: 'one' })
  })
  const { read, open } = closeGate(gate)
  // The marks of one of the page hang (their family is 4); the first one behind the page has been read when it moves up,
  // before the one that hangs does.
  gate.at = { key: Buffer.concat([Buffer.of(4), inKey(directConversationId('peer 80', 'a'))]) }
  const loading = store.getConversations('a', { limit: 640 })
  await read
  gate.at = 'nothing'
  await systemClock.yield()
  await store.sendMessage({ sender: 'peer 59', receiver: 'a', text: 'two' })
  await store.sendMessage({ sender: 'peer 80', receiver: 'a', text: 'two' })
  open()
  const seen: (string | undefined)[] = []
  let page = await loading
  for (;;) {
    seen.push(...page.items.map(({ peer }) => peer))
    if (page.next === null) break
    page = await store.getConversations('a', { limit: 640, cursor: page.next })
  }
  const moved = ['peer 80', 'peer 59']
  expect(seen).toEqual([...moved, ...peers.filter((peer) => !moved.includes(peer)).toReversed()])
})

test('a large group that is left while a page below what memory keeps is read is in that page', async () => {
  const gate = openGate()
  const variant = { settings: { cacheTierSize: 3 }, tuning: { fanOut: 2 } }
  const peers = Array.from({ length: 8 }, (_, i) => `peer ${i}`)
  const store = await openGated(gate, variant, async (first) => {
    for (const sender of peers) await first.sendMessage({ sender, receiver: 'a', text: 'before' })
    await first.groups.create({ creator: 'b', members: ['a', 'c'], id: 'large' })
    await first.sendMessage({ sender: 'b', conversationId: 'large', text: 'hello' })
    await first.sendMessage({ sender: 'newest', receiver: 'a', text: 'after' })
  })
  const { next } = await store.getConversations('a', { limit: 1 })
  const { read, open } = closeGate(gate)
  gate.at = 'ranges'
  const reading = store.getConversations('a', { limit: 20, cursor: next as string })
  await read
  gate.at = 'nothing'
  await store.groups.removeMember('a', 'large', 'a')
  open()
  const { items } = await reading
  expect(items.map(({ id, peer }) => peer ?? id)).toEqual(['large', ...peers.toReversed()])
})

// Its rows are read in several ranges, between which the group can go from one to the other unseen.
test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'a large group that is left, and flushed, behind answer %s to a list stays in the list',
  async (last) => {
    const gate = openGate()
    const host = await localHost(
      { tuning: { fanOut: 2, copiedFrom: 1, copyRestMs: 0 } },
      { opener: gatedShards(gate) },
    )
    onTestFinished(host.destroy)
    let store = await host.open()
    await store.groups.create({ id: 'large', creator: 'b', members: ['a', 'c'] })
    await store.sendMessage({ sender: 'b', conversationId: 'large', text: 'hello' })
    for (const sender of ['b', 'c']) await store.sendMessage({ sender, receiver: 'a', text: 'one' })
    await store.close()

    store = await host.open()
    const listed = async () => (await store.getConversations('a')).items.map(({ id, peer }) => peer ?? id)
    const { read, open } = closeGate(gate)
    const { through, onRead } = gate
    gate.through = Promise.resolve()
    let answers = 0
    gate.onRead = () => {
      if (++answers < last) return
      gate.through = through
      gate.at = 'nothing'
      onRead()
    }
    gate.at = 'ranges'
    const listing = listed()
    await Promise.race([read, listing])
    await store.groups.removeMember('a', 'large', 'a')
    await store.admin.checkpoint()
    open()
    expect(await listing).toEqual(['c', 'b', 'large'])
    await store.sendMessage({ sender: 'd', receiver: 'e', text: 'a checkpoint takes along what waits' })
    await store.close()

    store = await host.open()
    onTestFinished(() => store.close())
    expect(await listed()).toEqual(['c', 'b', 'large'])
  },
)
