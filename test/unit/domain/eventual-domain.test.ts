import { describe, expect, test } from 'vitest'
import { EventualBackend } from '../../../src/backend/reference/eventual-backend.js'
import type { Change } from '../../../src/model/change.js'
import { conversationId, referenceDomain, userIds } from '../../fixtures/reference-domain.js'

// The same domain over a backend that moves half of all writes, answers late and numbers each user's feed on its own.

const [ada, bob, cyd, dan] = userIds('ada', 'bob', 'cyd', 'dan')
const club = conversationId('club')

function eventual(seed: number) {
  const backend = new EventualBackend({ seed, moved: 0.5 })
  return { ...referenceDomain({ backend }), backend }
}

const seeds = [1, 2, 3, 4, 5]

describe('over an eventual backend', () => {
  test.each(seeds)('changes of one group are decided one after the other (seed %i)', async (seed) => {
    const { groups } = eventual(seed)
    const draft = { creator: ada, title: 'Club', members: [bob], id: club }
    const [made, twin] = await Promise.all([groups.create(draft), groups.create(draft)])
    expect(twin).toEqual(made)
    await Promise.all([
      groups.addMembers(ada, club, [cyd, dan]),
      groups.addMembers(bob, club, [dan, cyd]),
      groups.removeMember(ada, club, ada),
      groups.rename(bob, club, 'Klub'),
    ])
    await expect(groups.removeMember(cyd, club, dan)).rejects.toMatchObject({ code: 'NOT_PERMITTED' })
    await groups.removeMember(bob, club, dan)
    const { items } = await groups.members(cyd, club, { limit: 50 })
    expect(items.map(({ userId }) => userId)).toEqual(['bob', 'cyd'])
  })

  test.each(seeds)('a block lies between the sends around it (seed %i)', async (seed) => {
    const { contacts, send } = eventual(seed)
    const before = send(bob, ada, 'before')
    const block = contacts.block(ada, bob)
    const behind = send(bob, ada, 'behind')
    await expect(behind).rejects.toMatchObject({ code: 'BLOCKED' })
    expect(await before).toMatchObject({ seq: 1 })
    await block
  })

  test.each(seeds)('who has left hears of no later leavings (seed %i)', async (seed) => {
    const { changes, groups, backend } = eventual(seed)
    await groups.create({ creator: ada, title: 'Club', members: [bob], id: club })
    await backend.settle()
    const { token } = await changes.getChanges(bob, { limit: 100 })
    await groups.addMembers(ada, club, [cyd, dan])
    await groups.removeMember(cyd, club, cyd)
    await groups.removeMember(bob, club, bob)
    await groups.removeMember(ada, club, dan)
    await backend.settle()
    const { changes: feed } = await changes.getChanges(bob, { limit: 100, since: token })
    const told = feed.filter((change) => change.kind === 'member')
    expect(told.map(({ userId, joined }) => [userId, joined])).toEqual([['bob', false]])
  })

  test.each(seeds)('the feed and a subscription tell the same (seed %i)', async (seed) => {
    const { changes, groups, contacts, send, sendInto, backend } = eventual(seed)
    const { token } = await changes.getChanges(bob, { limit: 100 })
    const subscription = changes.subscribe(bob)
    const told = new Map<string, Change>()
    const following = (async () => {
      for await (const change of subscription) told.set(change.position, change)
    })()
    await send(ada, bob, 'one')
    await groups.create({ creator: ada, title: 'Club', members: [bob], id: club })
    await Promise.all([
      sendInto(bob, club, 'two'),
      groups.addMembers(ada, club, [cyd]),
      send(bob, ada, 'three'),
    ])
    await contacts.add(bob, ada, { alias: 'A' })
    await groups.rename(ada, club, 'Klub')
    await groups.removeMember(ada, club, cyd)
    await backend.settle()
    const { changes: feed, hasMore } = await changes.getChanges(bob, { limit: 100, since: token })
    expect(hasMore).toBe(false)
    expect(feed.map(({ kind }) => kind).toSorted()).toEqual([
      'contact',
      'conversation',
      'member',
      'member',
      'member',
      'message',
      'message',
      'message',
    ])
    await expect.poll(() => told.has(feed.at(-1)?.position ?? '')).toBe(true)
    for (const change of feed) expect(told.get(change.position)).toEqual(change)
    await subscription.return()
    await following
  })
})
