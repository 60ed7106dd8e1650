import { describe, expect, onTestFinished, test } from 'vitest'
import type { MessageStore } from '../../src/api/message-store.js'
import { directConversationId } from '../../src/model/direct-conversation-id.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { openSample } from './verify/sample-store.js'
import { ShardEdit, type StoredRow } from './verify/shard-edit.js'

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

const corrupt = (conversation: string) => ({ code: 'CORRUPT', details: { conversation } })

async function openHere(location: string): Promise<MessageStore> {
  const store = await openSample(location)
  onTestFinished(() => store.close())
  return store
}

const team = { id: 'team', creator: 'ann', members: ['ben', 'cem'] }
const text = (i: number) => ({ sender: 'ann', conversationId: 'team', text: `${i}`, id: `id ${i}` })

/** A store of which the group has lost such rows of its own. `others`: more members, with whom it is a large one. */
async function withoutRowsOfTeam(
  isLost: (row: StoredRow) => boolean,
  { messages = 100, others = [] as string[] } = {},
): Promise<MessageStore> {
  const location = await temporaryDirectory()
  const store = await openSample(location)
  for (let i = 0; i < 20; i++) await store.sendMessage({ sender: `peer ${i}`, receiver: 'ann', text: 'hi' })
  await store.groups.create({ ...team, members: [...team.members, ...others] })
  for (let i = 1; i <= messages; i++) await store.sendMessage(text(i))
  await store.sendMessage({ sender: 'dan', receiver: 'ben', text: 'hello' })
  await store.close()
  await ShardEdit.of(location, async (shards) => {
    const lost = await shards.rows((row) => row.kind === 'group' && isLost(row))
    expect(lost).not.toEqual([])
    for (const row of lost) await shards.del(row)
  })
  return openHere(location)
}

describe.each([
  ['small', []],
  ['large', ['eva', 'fay']],
])('a %s group does not begin anew', (_, others) => {
  test.each(['head', 'group'])('when the row %s is lost', async (family) => {
    const store = await withoutRowsOfTeam((row) => row.family === family, { others })
    await expect(store.getMessages('ann', 'team')).rejects.toMatchObject(corrupt('team'))
    await expect(store.sendMessage(text(7))).rejects.toMatchObject(corrupt('team'))
    await expect(store.sendMessage(text(101))).rejects.toMatchObject(corrupt('team'))
    await expect(store.groups.rename('ann', 'team', 'Team')).rejects.toMatchObject(corrupt('team'))
    await expect(store.groups.create(team)).rejects.toMatchObject(corrupt('team'))
    for (let i = 0; i < 2; i++)
      await expect(store.getConversations('ben')).rejects.toMatchObject(corrupt('team'))
    const { items } = await store.getConversations('dan')
    expect(items.map(({ lastMessage }) => lastMessage?.text)).toEqual(['hello'])
  })

  test('when it has no messages and its own row is lost', async () => {
    const store = await withoutRowsOfTeam(({ family }) => family === 'group', { others, messages: 0 })
    await expect(store.groups.create(team)).rejects.toMatchObject(corrupt('team'))
    await expect(store.getConversation('ann', 'team')).rejects.toMatchObject(corrupt('team'))
  })

  test.each([5, 50])('in a list of up to %i, when all of it is lost', async (limit) => {
    const store = await withoutRowsOfTeam(() => true, { others })
    for (let i = 0; i < 2; i++)
      await expect(store.getConversations('ann', { limit })).rejects.toMatchObject(corrupt('team'))
    await expect(store.getUnread('ann')).rejects.toMatchObject(corrupt('team'))
    await store.sendMessage({ sender: 'peer 3', receiver: 'ann', text: 'still there?' })
    const { items } = await store.getMessages('ann', { peer: 'peer 3' })
    expect(items.map((message) => message.text)).toEqual(['still there?', 'hi'])
  })
})

test('a group without messages has no head', async () => {
  const location = await temporaryDirectory()
  const first = await openSample(location)
  await first.groups.create(team)
  await first.close()
  const store = await openHere(location)
  expect((await store.groups.create(team)).memberCount).toBe(3)
  expect((await store.getConversations('ben')).items.map(({ id }) => id)).toEqual(['team'])
  expect(await store.sendMessage(text(1))).toMatchObject({ seq: 1, duplicate: false })
})
