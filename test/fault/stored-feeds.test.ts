import { expect, test } from 'vitest'
import type { LocalMessageStore } from '../../src/api/message-store.js'
import { describeKey } from '../../src/formats/keys.js'
import { openClassicLevel } from '../../src/local/shards/classic-level-opener.js'
import type { ShardOpener } from '../../src/local/shards/shard-database.js'
import type { Change } from '../../src/model/change.js'
import { cacheOf } from '../fixtures/cache-stats.js'
import { feedOf, feedPages } from '../fixtures/feed-pages.js'
import { openLocalStore } from '../fixtures/local-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { ShardEdit } from './verify/shard-edit.js'

const settings = { syncEveryMs: Infinity }

/** Looks into the lists of changes of groups: how often somebody began to read one, and how many were read. */
class Looks {
  begun = 0
  lists = 0

  readonly opener: ShardOpener = async (location, options) => {
    const database = await openClassicLevel(location, options)
    const iterator = database.iterator.bind(database)
    database.iterator = (range) => {
      if (isOfGroup(range.gte)) this.begun++
      const made = iterator(range)
      const nextv = made.nextv.bind(made)
      made.nextv = async (size) => {
        const rows = await nextv(size)
        this.lists += rows.filter(([key]) => isOfGroup(key)).length
        return rows
      }
      return made
    }
    return database
  }

  /** Since the last time. */
  take(): { begun: number; lists: number } {
    const { begun, lists } = this
    this.begun = this.lists = 0
    return { begun, lists }
  }
}

function isOfGroup(key: Buffer): boolean {
  const described = describeKey(key)
  return described?.kind === 'group' && described.family === 'changes'
}

async function opened(
  location?: string,
): Promise<{ store: LocalMessageStore; looks: Looks; location: string }> {
  const place = location ?? (await temporaryDirectory())
  const looks = new Looks()
  const store = await openLocalStore(place, { settings, local: { opener: looks.opener } })
  return { store, looks, location: place }
}

async function reopened(store: LocalMessageStore, location: string): ReturnType<typeof opened> {
  await store.close()
  return opened(location)
}

const say = (store: LocalMessageStore, conversationId: string, text = 'hello'): Promise<unknown> =>
  store.sendMessage({ sender: 'ann', conversationId, text })

test('what one look into many groups has found serves page after page', async () => {
  const groups = Array.from({ length: 12 }, (_, i) => `group ${i}`)
  const first = await opened()
  for (const id of groups) await first.store.groups.create({ id, creator: 'ann', members: ['ben'] })
  const { token } = await first.store.getChanges('ben')
  for (let i = 0; i < 120; i++) await say(first.store, groups[i % 12] as string, `message ${i}`)
  const { store, looks } = await reopened(first.store, first.location)
  looks.take()
  const found: (readonly Change[])[] = []
  for await (const page of feedPages(store, 'ben', token, 10)) found.push(page)
  expect(found.flat().map((change) => change.kind === 'message' && change.message.text)).toEqual(
    Array.from({ length: 120 }, (_, i) => `message ${i}`),
  )
  expect(found.length).toBeGreaterThanOrEqual(12)
  expect(looks.take().begun).toBe(groups.length)
})

test('a device of the user that has read all takes nothing from one that catches up', async () => {
  const groups = Array.from({ length: 12 }, (_, i) => `group ${i}`)
  const first = await opened()
  for (const id of groups) await first.store.groups.create({ id, creator: 'ann', members: ['ben'] })
  const { token } = await first.store.getChanges('ben')
  for (let i = 0; i < 60; i++) await say(first.store, groups[i % 12] as string)
  const { store, looks } = await reopened(first.store, first.location)
  looks.take()
  let live = (await store.getChanges('ben')).token
  for (let since = token, left = 60; left > 0; left -= 10) {
    const page = await store.getChanges('ben', { since, limit: 10 })
    expect(page.changes.length).toBe(10)
    since = page.token
    await store.sendMessage({ sender: 'ann', receiver: 'ben', text: 'now' })
    const news = await store.getChanges('ben', { since: live })
    expect(news.changes.map(({ kind }) => kind)).toEqual(['message'])
    live = news.token
  }
  expect(looks.take().begun).toBe(groups.length)
})

test('what was read in advance is in the account of the cache, until it has been asked for', async () => {
  const first = await opened()
  await first.store.groups.create({ id: 'g', creator: 'ann', members: ['ben'] })
  const { token } = await first.store.getChanges('ben')
  for (let i = 0; i < 100; i++) await say(first.store, 'g')
  const { store } = await reopened(first.store, first.location)
  await store.getMessages('ben', 'g')
  await store.getChanges('ben', { since: (await store.getChanges('ben')).token })
  const before = await cacheOf(store)
  const { token: next } = await store.getChanges('ben', { since: token, limit: 90 })
  expect((await cacheOf(store)).bytes - before.bytes).toBeGreaterThan(90 * 60)
  const { token: last } = await store.getChanges('ben', { since: next, limit: 90 })
  await store.getChanges('ben', { since: last })
  expect((await cacheOf(store)).bytes - before.bytes).toBeLessThan(90 * 60)
})

test('what a group did before somebody came, or since they left, is not read for their feed', async () => {
  const first = await opened()
  await first.store.groups.create({ id: 'g', creator: 'ann', members: ['left', 'back'] })
  const fromTheFirst = (await first.store.getChanges('left')).token
  await say(first.store, 'g')
  for (const user of ['left', 'back']) await first.store.groups.removeMember('ann', 'g', user)
  const fromThen = (await first.store.getChanges('left')).token
  for (let i = 0; i < 6; i++) {
    await say(first.store, 'g')
    await first.store.admin.checkpoint()
  }
  await first.store.groups.addMembers('ann', 'g', ['back', 'new'])
  await say(first.store, 'g', 'welcome')
  const { store, looks } = await reopened(first.store, first.location)
  looks.take()
  const told = async (user: string, since: string): Promise<readonly unknown[]> =>
    (await feedOf(store, user, since, 50)).map(({ kind }) => kind)

  expect(await told('left', fromThen)).toEqual([])
  expect(looks.take()).toEqual({ begun: 0, lists: 0 })
  expect(await told('left', fromTheFirst)).toEqual(['message', 'conversation', 'member'])
  looks.take()
  expect(await told('new', fromTheFirst)).toEqual(['conversation', 'member', 'member', 'message'])
  expect(looks.take()).toEqual({ begun: 1, lists: 1 })
})

/** Without what differs between any two stores: positions and times. */
function toldOf(change: Change): unknown {
  if (change.kind === 'message') return [change.kind, change.message.conversationId, change.message.seq]
  if (change.kind === 'conversation') return [change.kind, change.conversation.id, change.conversation.left]
  const { position: _, ...rest } = change
  return rest
}

test('who came, left and came back hears the same from memory and from the shards, from wherever on', async () => {
  const [live, stored] = [await opened(), await opened()]
  const seqs = { live: 0, stored: 0 }
  const follow = async (
    name: 'live' | 'stored',
    { store }: { store: LocalMessageStore },
  ): Promise<string[]> => {
    const tokens: string[] = []
    const then = async (step: () => Promise<unknown>): Promise<void> => {
      tokens.push((await store.getChanges('cem')).token)
      await step()
      if (name === 'stored') await store.admin.checkpoint()
    }
    const talk = async (): Promise<void> => {
      for (let i = 0; i < 3; i++) await say(store, 'g')
      seqs[name] += 3
      await store.markRead('ben', 'g', seqs[name])
      // From here on the generation says something, but nothing of the group.
      tokens.push((await store.getChanges('cem')).token)
      await store.sendMessage({ sender: 'ann', receiver: 'cem', text: 'between us' })
    }
    await then(() => store.groups.create({ id: 'g', creator: 'ann', members: ['ben'] }))
    await then(talk)
    for (let i = 0; i < 3; i++) {
      await then(() => store.groups.addMembers('ann', 'g', ['cem']))
      // With nothing said in between, two stretches that cem sees are one.
      if (i !== 1) await then(talk)
      await then(() => store.markRead('cem', 'g', seqs[name] - 2))
      // The second mark waits for the first, and comes behind the leaving.
      await then(() =>
        Promise.all([
          store.groups.removeMember('ann', 'g', 'cem'),
          store.markRead('cem', 'g', seqs[name] - 1),
          store.markDelivered('cem', 'g', seqs[name]),
        ]),
      )
      if (i !== 0) await then(talk)
      if (i === 2) await then(() => store.groups.rename('ann', 'g', 'another'))
    }
    return tokens
  }
  const tokens = { live: await follow('live', live), stored: await follow('stored', stored) }
  const { store } = await reopened(stored.store, stored.location)
  for (const limit of [2, 100]) {
    // The newest first: what an older one would read in advance is no answer to it.
    for (const [i, since] of [...tokens.live.entries()].toReversed()) {
      const heard = (await feedOf(live.store, 'cem', since, limit)).map(toldOf)
      const read = (await feedOf(store, 'cem', tokens.stored[i] as string, limit)).map(toldOf)
      expect(read).toEqual(heard)
    }
  }
})

test('damage to the marks of a group that was left fails the page that tells of them, and no other', async () => {
  const { store: before, location } = await opened()
  for (const id of ['left', 'back']) await before.groups.create({ id, creator: 'ann', members: ['ben'] })
  for (const id of ['left', 'left', 'back']) await say(before, id)
  await before.groups.removeMember('ann', 'back', 'ben')
  await before.groups.addMembers('ann', 'back', ['ben'])
  const { token } = await before.getChanges('ben')
  // The second mark waits for the first, and comes behind the leaving.
  await Promise.all([
    before.groups.removeMember('ann', 'left', 'ben'),
    before.markRead('ben', 'left', 1),
    before.markDelivered('ben', 'left', 2),
  ])
  await before.markRead('ben', 'back')
  await before.sendMessage({ sender: 'ann', receiver: 'ben', text: 'hello' })
  const { changes } = await before.getChanges('ben', { since: token })
  const kinds = changes.map(({ kind }) => kind)
  const last = kinds.indexOf('delivered')
  expect([last, kinds.slice(last)]).toEqual([3, ['delivered', 'read', 'message']])
  await before.close()
  await ShardEdit.of(location, async (shards) => {
    await shards.putRaw(await shards.row('marks', 'ben', 'left'), Buffer.from('nonsense'))
  })
  const { store } = await opened(location)
  const told = async (behind: number): Promise<unknown> => {
    const page = await store.getChanges('ben', { since: (changes[behind] as Change).position })
    return page.changes.map(({ kind }) => kind)
  }
  expect(await told(last)).toEqual(['read', 'message'])
  await expect(told(last - 1)).rejects.toMatchObject({ code: 'CORRUPT' })
})
