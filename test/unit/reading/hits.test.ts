import { onTestFinished, test, expect } from 'vitest'
import type { MessageStore } from '../../../src/api/message-store.js'
import { openMessageStore } from '../../../src/index.js'
import { cacheOf } from '../../fixtures/cache-stats.js'
import { openLocalStore } from '../../fixtures/local-store.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

type Read = (store: MessageStore, user: string) => Promise<unknown>

const reads: Readonly<Record<string, Read>> = {
  'a newest page': (store, user) => store.getMessages(user, { peer: 'peer' }),
  'an older page': (store, user) => store.getMessages(user, { peer: 'peer' }, { before: 3 }),
  'a page of a group': (store, user) => store.getMessages(user, `of ${user}`),
  'the newest message': (store, user) => store.getMessage(user, { peer: 'peer' }, 3),
  'an older message': (store, user) => store.getMessage(user, { peer: 'peer' }, 1),
  'a list': (store, user) => store.getConversations(user),
  'an unread total': (store, user) => store.getUnread(user),
}

test('what was read from the disk for a call is a miss, and what memory had a hit, one for each call', async () => {
  const location = await temporaryDirectory()
  const first = await openMessageStore({ location, durability: 'os' })
  const usersOf = (what: string) => Array.from({ length: 4 }, (_, n) => `${what} ${n}`)
  const filling = Object.keys(reads)
    .flatMap(usersOf)
    .map(async (user) => {
      await first.groups.create({ creator: user, members: ['peer'], id: `of ${user}` })
      await first.sendMessage({ sender: 'peer', conversationId: `of ${user}`, text: 'x' })
      for (let n = 0; n < 3; n++) await first.sendMessage({ sender: user, receiver: 'peer', text: 'x' })
    })
  await Promise.all(filling)
  await first.close()

  const store = await openMessageStore({ location, durability: 'os' })
  onTestFinished(() => store.close())
  const seen = { hits: 0, misses: 0 }
  for (const [what, read] of Object.entries(reads)) {
    for (const expected of ['misses', 'hits'] as const) {
      const [a, b, ...others] = usersOf(what)
      // Some at once, others one after the other.
      await Promise.all([read(store, a as string), read(store, b as string)])
      for (const user of others) await read(store, user)
      seen[expected] += 4
      const { hits, misses } = await cacheOf(store)
      expect([what, expected, { hits, misses }]).toEqual([what, expected, seen])
    }
  }
})

test('what nobody has read is a hit as long as it has not left memory', async () => {
  const store = await openMessageStore({ location: await temporaryDirectory(), durability: 'os' })
  onTestFinished(() => store.close())
  await store.sendMessage({ sender: 'ann', receiver: 'bob', text: 'x' })
  await store.getMessages('bob', { peer: 'ann' })
  await store.getMessage('bob', { peer: 'ann' }, 1)
  expect(await cacheOf(store)).toMatchObject({ hits: 2, misses: 0 })
})

test('an unread total is a miss if one of the large groups has to be read for it', async () => {
  const store = await openLocalStore(await temporaryDirectory(), { local: { tuning: { fanOut: 2 } } })
  await store.groups.create({ creator: 'ann', members: ['bob', 'carl', 'dora'], id: 'large' })
  await store.getUnread('bob')
  // One that stays in memory only while there is room for it.
  const text = 'x'.repeat(2000)
  for (const unread of [1, 2]) {
    await store.sendMessage({ sender: 'ann', conversationId: 'large', text })
    await store.admin.checkpoint()
    for (const expected of ['misses', 'hits'] as const) {
      const before = await cacheOf(store)
      expect(await store.getUnread('bob')).toMatchObject({ total: unread })
      const { hits, misses } = await cacheOf(store)
      const counted = { hits: hits - before.hits, misses: misses - before.misses }
      expect(counted).toEqual({ hits: 0, misses: 0, [expected]: 1 })
    }
  }
})
