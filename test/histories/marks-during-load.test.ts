import { expect, onTestFinished, test } from 'vitest'
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

test('a mark that is made and flushed while a list is loaded is in the list', async () => {
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
  await store.markRead('a', { peer: 'b' }, 3)
  await store.admin.checkpoint()
  open()
  await loading

  const { items } = await store.getConversations('a')
  expect(items).toMatchObject([{ readSeq: 3, unread: 0 }])
})
