import { expect, onTestFinished, test } from 'vitest'
import type { Conversation } from '../../src/model/conversation.js'
import type { CheckedStore } from '../../src/model-checking/store-under-test.js'
import { openClassicLevel } from '../../src/local/shards/classic-level-opener.js'
import type { ShardOpener } from '../../src/local/shards/shard-database.js'
import { localHost } from './hosts.js'

/** Shards whose `getMany` has read, but does not answer before the gate opens. */
function gatedShards(gate: { through: Promise<void>; onRead: () => void }): ShardOpener {
  return async (location, options) => {
    const database = await openClassicLevel(location, options)
    const getMany = database.getMany.bind(database)
    database.getMany = async (keys, given) => {
      const found = await getMany(keys, given)
      gate.onRead()
      await gate.through
      return found
    }
    return database
  }
}

/** A store whose next list of `a` hangs behind the gate, what is done meanwhile, and the list after that. */
async function listAround(
  meanwhile: (store: CheckedStore) => Promise<unknown>,
): Promise<readonly Conversation[]> {
  const gate = { through: Promise.resolve(), onRead: (): void => undefined }
  const host = await localHost({}, { opener: gatedShards(gate) })
  onTestFinished(host.destroy)
  const first = await host.open()
  for (const text of ['one', 'two', 'three']) await first.sendMessage({ sender: 'b', receiver: 'a', text })
  await first.close()

  const store = await host.open()
  onTestFinished(() => store.close())
  let open = (): void => undefined
  const read = new Promise<void>((resolve) => {
    gate.onRead = resolve
  })
  gate.through = new Promise((resolve) => {
    open = resolve
  })
  const loading = store.getConversations('a')
  await read
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
