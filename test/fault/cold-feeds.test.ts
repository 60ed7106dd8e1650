import { expect, onTestFinished, test } from 'vitest'
import type { LocalMessageStore } from '../../src/api/message-store.js'
import { cacheOf } from '../fixtures/cache-stats.js'
import { feedOf } from '../fixtures/feed-pages.js'
import { openLocalStore } from '../fixtures/local-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const keptAside = 4
const parts = { settings: { syncEveryMs: Infinity }, local: { tuning: { keptAside } } }

/** A store that has just been opened, with a token of ann's from before `fill`. */
async function reopened(
  fill: (store: LocalMessageStore) => Promise<unknown>,
): Promise<{ store: LocalMessageStore; since: string }> {
  const location = await temporaryDirectory()
  const before = await openLocalStore(location, parts)
  await before.groups.create({ id: 'g', creator: 'ann', members: ['ben', 'cem', 'dan'] })
  const { token: since } = await before.getChanges('ann')
  await fill(before)
  await before.close()
  const store = await openLocalStore(location, parts)
  onTestFinished(() => store.close())
  return { store, since }
}

async function read(
  store: LocalMessageStore,
  user: string,
  since: string,
): Promise<{ kinds: string[]; loads: number; rowReads: number }> {
  const before = await cacheOf(store)
  const { changes } = await store.getChanges(user, { since, limit: 1000 })
  const after = await cacheOf(store)
  const kinds = changes.map(({ kind }) => kind)
  return { kinds, loads: after.loads - before.loads, rowReads: after.rowReads - before.rowReads }
}

test('a page of a feed loads each of its conversations once, however much has been said in it', async () => {
  const { store, since } = await reopened((filled) =>
    Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        filled.sendMessage({
          sender: 'ben',
          ...(i % 2 === 0 ? { conversationId: 'g' } : { receiver: 'ann' }),
          text: `message ${i}`,
        }),
      ),
    ),
  )
  const { kinds, loads, rowReads } = await read(store, 'ann', since)
  expect(kinds).toEqual(Array.from({ length: 60 }, () => 'message'))
  expect(loads).toBe(2)
  expect(rowReads).toBeLessThan(20)
})

test('of marks that moved many times a page reads and gives each once, from one generation and from several', async () => {
  const moves = 8
  const { store, since } = await reopened(async (filled) => {
    for (let seq = 1; seq <= moves; seq++) {
      await filled.sendMessage({ sender: 'ann', conversationId: 'g', text: `message ${seq}` })
      for (const user of ['ben', 'cem', 'dan']) await filled.markRead(user, 'g', seq)
      if (seq % 2 === 0) await filled.admin.checkpoint()
    }
  })
  const { kinds, loads, rowReads } = await read(store, 'ann', since)
  expect(kinds.toSorted()).toEqual([
    ...Array.from({ length: moves }, () => 'message'),
    ...Array.from({ length: 3 }, () => 'read'),
  ])
  expect(loads).toBe(1)
  expect(rowReads).toBeLessThan(17)
})

test('a page of a feed loads a group once, however many have joined and left', async () => {
  const { store, since } = await reopened(async (filled) => {
    for (let i = 0; i < 60; i++) {
      await filled.groups.addMembers('ann', 'g', [`guest ${i % 4}`])
      await filled.groups.removeMember('ann', 'g', `guest ${i % 4}`)
    }
  })
  const { kinds, loads } = await read(store, 'ann', since)
  // Of each guest what is so now, and once that the group is another one.
  expect(kinds.toSorted()).toEqual(['conversation', ...Array.from({ length: 4 }, () => 'member')])
  expect(loads).toBe(1)
})

test('pages load each of many groups once, and what somebody looks at stays', async () => {
  const groups = Array.from({ length: 5 * keptAside }, (_, i) => `group ${i}`)
  const location = await temporaryDirectory()
  const before = await openLocalStore(location, parts)
  await Promise.all(groups.map((id) => before.groups.create({ id, creator: 'ann', members: ['ben'] })))
  await before.sendMessage({ sender: 'ben', receiver: 'ann', text: 'hello' })
  const { token: since } = await before.getChanges('ann')
  for (let i = 0; i < 3; i++)
    await Promise.all(
      groups.map((conversationId) => before.sendMessage({ sender: 'ben', conversationId, text: 'hello' })),
    )
  await before.close()
  const store = await openLocalStore(location, parts)
  const loads = async (): Promise<number> => (await cacheOf(store)).loads
  await store.getConversation('ann', { peer: 'ben' })
  const looked = await loads()
  const changes = await feedOf(store, 'ann', since, 25)
  expect(changes).toHaveLength(3 * groups.length)
  expect((await loads()) - looked).toBe(groups.length)
  await store.getConversation('ann', { peer: 'ben' })
  expect((await loads()) - looked).toBe(groups.length)
})
