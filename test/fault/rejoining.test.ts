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
