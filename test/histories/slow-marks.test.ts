import { expect, onTestFinished, test } from 'vitest'
import type { CheckedStore } from '../../src/model-checking/store-under-test.js'
import { keys, userPrefix } from '../../src/formats/keys.js'
import { directConversationId } from '../../src/model/direct-conversation-id.js'
import { systemClock } from '../../src/platform/clock.js'
import { closeGate, gatedShards, openGate, type Gate } from '../fixtures/gated-shards.js'
import { localHost } from './hosts.js'
import { openGated } from './gated-store.js'

/** It may have to wait for the slow one. */
function doneOrWaiting(mark: Promise<unknown>): Promise<unknown> {
  return Promise.race([mark, new Promise((resolve) => setTimeout(resolve, 200))])
}

// The marks are read twice: to see whether there is anything to do, and again if the conversation has left memory meanwhile.
const slowMarks = (['markRead', 'markDelivered'] as const).flatMap((slow) =>
  [1, 300].flatMap((count) => [1, 2].map((look) => [slow, count, look] as const)),
)

test.each(slowMarks)(
  'a lower %s that is slow does not take back a higher markRead, with %i conversations marked at once, at look %i',
  async (slow, count, look) => {
    const gate = openGate()
    const peers = Array.from({ length: count }, (_, i) => `peer ${i}`)
    const store = await openGated(gate, { tuning: { readsNow: false } }, async (first) => {
      for (const sender of peers)
        for (const text of ['1', '2', '3', '4', '5']) await first.sendMessage({ sender, receiver: 'a', text })
    })
    let reads = look
    let open = (): void => undefined
    const read = new Promise<void>((resolve) => {
      gate.onRead = () => {
        if (--reads > 0) return
        gate.at = 'nothing'
        gate.through = new Promise((pass) => {
          open = pass
        })
        resolve()
      }
    })
    gate.at = { key: keys.marks(userPrefix('a'), directConversationId('peer 0', 'a')) }
    const marking = Promise.all(peers.map((peer) => store[slow]('a', { peer }, 3)))
    await Promise.race([read, marking])
    gate.at = 'nothing'
    const higher = store.markRead('a', { peer: 'peer 0' }, 5)
    await doneOrWaiting(higher)
    open()
    await Promise.all([marking, higher])
    expect(await store.getConversation('a', { peer: 'peer 0' })).toMatchObject({ readSeq: 5 })
  },
)

test.each([0, 300])(
  'a lower mark of a group whose look is slow does not take back a higher one, with %i looks meanwhile',
  async (count) => {
    const gate = openGate()
    const peers = Array.from({ length: count }, (_, i) => `peer ${i}`)
    const store = await openGated(gate, { tuning: { readsNow: false } }, async (first) => {
      for (const sender of peers) await first.sendMessage({ sender, receiver: 'a', text: 'hi' })
      await first.groups.create({ creator: 'b', members: ['a'], id: 'g' })
      for (const text of ['1', '2', '3', '4', '5'])
        await first.sendMessage({ sender: 'b', conversationId: 'g', text })
    })
    const { read, open } = closeGate(gate)
    gate.at = { key: keys.marks(userPrefix('a'), 'g') }
    const marking = store.markRead('a', 'g', 3)
    await read
    gate.at = 'nothing'
    for (const peer of peers) await store.getConversation('a', { peer })
    const higher = store.markRead('a', 'g', 5)
    await doneOrWaiting(higher)
    open()
    await Promise.all([marking, higher])
    expect(await store.getConversation('a', 'g')).toMatchObject({ readSeq: 5 })
  },
)

test.each(['markRead', 'markDelivered'] as const)(
  'a %s whose look took long leaves exactly what is unread, one’s own messages among the others',
  async (call) => {
    const gate = openGate()
    const store = await openGated(gate, { tuning: { readsNow: false } }, async (first) => {
      for (const text of ['1', '2', '3', '4', '5', '6'])
        await first.sendMessage({
          sender: Number(text) % 2 === 0 ? 'a' : 'b',
          receiver: Number(text) % 2 === 0 ? 'b' : 'a',
          text,
        })
      await first.markRead('a', { peer: 'b' }, 2)
    })
    const { read, open } = closeGate(gate)
    gate.at = { key: keys.marks(userPrefix('a'), directConversationId('a', 'b')) }
    const marking = store[call]('a', { peer: 'b' }, 4)
    await read
    gate.at = 'nothing'
    open()
    await marking
    const readSeq = call === 'markRead' ? 4 : 2
    const expected = { readSeq, deliveredSeq: 4, unread: call === 'markRead' ? 1 : 2 }
    expect(await store.getConversation('a', { peer: 'b' })).toMatchObject(expected)
  },
)

/** `a` marks as read while `key` is being read, and meanwhile `b` sends the third message. */
async function markWhileThirdComes(store: CheckedStore, gate: Gate, key: Buffer): Promise<void> {
  const { read, open } = closeGate(gate)
  gate.at = { key }
  const marking = store.markRead('a', { peer: 'b' })
  await read
  gate.at = 'nothing'
  await store.sendMessage({ sender: 'b', receiver: 'a', text: '3' })
  open()
  await marking
}

test('markRead without a seq means the head at the call, however slowly its conversation is read', async () => {
  const gate = openGate()
  const store = await openGated(gate, { tuning: { readsNow: false } }, async (first) => {
    for (const text of ['1', '2']) await first.sendMessage({ sender: 'b', receiver: 'a', text })
  })
  await markWhileThirdComes(store, gate, keys.marks(userPrefix('a'), directConversationId('a', 'b')))
  expect(await store.getConversation('a', { peer: 'b' })).toMatchObject({ readSeq: 2, unread: 1 })
})

test.each(['warm', 'cold'])(
  'markRead without a seq means the head at the call, however slowly its user is looked up; %s',
  async (how) => {
    const gate = openGate()
    const store = await openGated(
      gate,
      { tuning: { readsNow: false }, usersMode: 'registered' },
      async (first) => {
        for (const id of ['a', 'b']) await first.users.register({ id, name: id })
        for (const text of ['1', '2']) await first.sendMessage({ sender: 'b', receiver: 'a', text })
      },
    )
    if (how === 'warm') await store.getConversation('a', { peer: 'b' })
    await markWhileThirdComes(store, gate, keys.profile(userPrefix('a')))
    expect(await store.getConversation('a', { peer: 'b' })).toMatchObject({ readSeq: 2, unread: 1 })
  },
)

test.each(['direct', 'group'])(
  'marks that wait for a slow one are written where the conversation is by then, and know what came: %s',
  async (kind) => {
    const gate = openGate()
    const host = await localHost(
      { tuning: { readsNow: false, keptAside: 2, tidyFiles: Infinity } },
      { opener: gatedShards(gate) },
    )
    onTestFinished(host.destroy)
    const first = await host.open()
    const peers = ['peer 0', 'peer 1', 'peer 2']
    for (const sender of peers) await first.sendMessage({ sender, receiver: 'a', text: 'hi' })
    if (kind === 'group') await first.groups.create({ creator: 'b', members: ['a'], id: 'g' })
    const target = kind === 'group' ? 'g' : { peer: 'b' }
    const say = (to: CheckedStore, sender: string, receiver: string): Promise<unknown> =>
      to.sendMessage({ sender, text: 'x', ...(kind === 'group' ? { conversationId: 'g' } : { receiver }) })
    // In a run each: what is the user's own among them is looked up where the mark is.
    for (let i = 0; i < 3; i++) {
      await say(first, 'b', 'a')
      await first.admin.checkpoint()
    }
    await first.close()

    const store = await host.open()
    onTestFinished(() => store.close())
    await store.getConversation('a', target)
    const { read, open } = closeGate(gate)
    gate.at = 'all'
    const marks = [store.markRead('a', target, 1)]
    await read
    gate.at = 'nothing'
    marks.push(store.markRead('a', target, 2))
    for (const peer of peers) await store.getConversation('a', { peer })
    // It leaves memory once nothing of it is being done.
    for (let turn = 0; turn < 20; turn++) await systemClock.yield()
    for (const sender of ['a', 'b', 'b']) await say(store, sender, sender === 'a' ? 'b' : 'a')
    marks.push(store.markRead('a', target, 5))
    // Also if it has to be read for that.
    for (let turn = 0; turn < 20; turn++) await systemClock.yield()
    open()
    await Promise.all(marks)
    expect(await store.getConversation('a', target)).toMatchObject({ headSeq: 6, readSeq: 5, unread: 1 })
  },
)
