import { expect, test } from 'vitest'
import { directConversationId } from '../../src/model/direct-conversation-id.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { openSample } from './verify/sample-store.js'
import { ShardEdit } from './verify/shard-edit.js'

const annBen = directConversationId('ann', 'ben')

/** A closed store in which these two have written to each other, without the head row of one of them. */
async function withoutHeadOf(id: string): Promise<string> {
  const location = await temporaryDirectory()
  const store = await openSample(location)
  await store.sendMessage({ sender: 'ann', receiver: 'ben', text: 'hello' })
  await store.close()
  await ShardEdit.of(location, async (shards) => {
    await shards.del(await shards.row('head', id, annBen))
  })
  return location
}

test('a head that LevelDB has lost is missed by the second participant, who knows of the conversation', async () => {
  const store = await openSample(await withoutHeadOf('ann'))
  const byId = { conversationId: annBen }
  await expect(store.sendMessage({ sender: 'ben', ...byId, text: 'hi' })).rejects.toMatchObject({
    code: 'CORRUPT',
    details: { conversation: annBen },
  })
  await expect(store.getMessages('ben', annBen)).rejects.toMatchObject({ code: 'CORRUPT' })
  for (const [sender, receiver] of [
    ['ann', 'ben'],
    ['ben', 'ann'],
  ] as const)
    await expect(store.sendMessage({ sender, receiver, text: 'hi' })).rejects.toMatchObject({
      code: 'CORRUPT',
    })
  const { items } = await store.getConversations('ben')
  expect(items.map(({ lastMessage }) => lastMessage?.text)).toEqual(['hello'])
  await store.close()
})

test('notes to oneself whose head LevelDB has lost do not begin anew', async () => {
  const location = await temporaryDirectory()
  const notes = { sender: 'ann', receiver: 'ann' }
  const first = await openSample(location)
  const { conversationId } = await first.sendMessage({ ...notes, text: 'remember' })
  await first.close()
  await ShardEdit.of(location, async (shards) => {
    await shards.del(await shards.row('head', 'ann', conversationId))
  })
  const store = await openSample(location)
  await expect(store.sendMessage({ ...notes, text: 'more' })).rejects.toMatchObject({ code: 'CORRUPT' })
  await store.close()
})

test('who knows both participants needs no row of the second', async () => {
  const store = await openSample(await withoutHeadOf('ben'))
  const { items } = await store.getMessages('ben', { peer: 'ann' })
  expect(items.map(({ text }) => text)).toEqual(['hello'])
  await store.close()
})
