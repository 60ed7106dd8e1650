import { describe, expect, test } from 'vitest'
import type { Change } from '../../../src/model/change.js'
import type { UserId } from '../../../src/model/ids.js'
import { ReferenceBackend } from '../../../src/backend/reference/reference-backend.js'
import { feedPages } from '../../fixtures/feed-pages.js'
import { Gate } from '../../fixtures/gate.js'
import { conversationId, referenceDomain, userIds } from '../../fixtures/reference-domain.js'
import type { Domain } from '../../fixtures/reference-domain.js'

const [ada, bob, cyd] = userIds('ada', 'bob', 'cyd')
const club = conversationId('club')

async function mark(domain: Domain, user: UserId, other: UserId, by: 'read' | 'delivered', seq: number) {
  const handle = domain.backend.direct(user, other)
  const before = await domain.backend.marks(user, handle)
  const read = by === 'read' ? seq : before.read
  const marks = {
    read,
    delivered: Math.max(read, seq),
    ownAtRead: await domain.backend.ownCount(user, handle, read),
  }
  await domain.backend.mark(user, handle, marks, by)
}

/** The feed behind a token, in pages of `limit`. */
async function feedOf({ changes }: Domain, user: UserId, since: string, limit = 100): Promise<Change[]> {
  const all: Change[] = []
  for await (const page of feedPages(changes, user, since, limit)) {
    expect(page.length).toBeLessThanOrEqual(limit)
    all.push(...page)
  }
  return all
}

const brief = (change: Change): unknown[] => {
  switch (change.kind) {
    case 'message':
      return ['message', change.message.seq, change.message.text]
    case 'read':
    case 'delivered':
      return [change.kind, change.userId, change.seq]
    case 'conversation':
      return ['conversation', change.conversation.title, change.conversation.memberCount]
    case 'member':
      return ['member', change.userId, change.joined]
    case 'contact':
      return ['contact', change.contact, change.listed]
    case 'profile':
      return ['profile', change.user.name]
  }
}

/** Counts the conversations that are held; reading messages fails as it is told to. */
class Holding extends ReferenceBackend {
  held = 0
  heldOnce = 0
  most = 0
  fails: 'never' | 'at once' | 'later' = 'never'

  override hold(): () => void {
    this.held++
    this.heldOnce++
    this.most = Math.max(this.most, this.held)
    return () => void this.held--
  }

  override messages(
    ...given: Parameters<ReferenceBackend['messages']>
  ): ReturnType<ReferenceBackend['messages']> {
    if (this.fails === 'at once') throw new Error('unreadable')
    if (this.fails === 'later') return Promise.reject(new Error('unreadable')) as never
    return super.messages(...given)
  }
}

describe('the feed', () => {
  test.each(['never', 'at once', 'later'] as const)(
    'a page holds each of its conversations once, and none when it has ended: it fails %s',
    async (fails) => {
      const backend = new Holding()
      const domain = referenceDomain({ backend })
      const { token: since } = await domain.changes.getChanges(bob, { limit: 100 })
      for (const text of ['one', 'two', 'three'])
        for (const from of [ada, cyd]) await domain.send(from, bob, text)
      backend.fails = fails
      const read = domain.changes.getChanges(bob, { limit: 100, since })
      if (fails === 'never') expect((await read).changes).toHaveLength(6)
      else await expect(read).rejects.toThrow('unreadable')
      expect([backend.held, backend.heldOnce]).toEqual([0, fails === 'never' ? 2 : 1])
    },
  )

  test('a page of many conversations holds 64 of them at a time', async () => {
    const backend = new Holding()
    const domain = referenceDomain({ backend })
    const { token: since } = await domain.changes.getChanges(bob, { limit: 100 })
    for (let n = 0; n < 70; n++) await domain.send(`peer ${n}` as UserId, bob, 'hello')
    expect((await domain.changes.getChanges(bob, { limit: 100, since })).changes).toHaveLength(70)
    expect([backend.held, backend.heldOnce, backend.most]).toEqual([0, 70, 64])
  })

  test('without a token it starts now', async () => {
    const domain = referenceDomain()
    await domain.send(ada, bob, 'old')
    const { changes, token, hasMore } = await domain.changes.getChanges(bob, { limit: 100 })
    expect({ changes, hasMore }).toEqual({ changes: [], hasMore: false })
    expect(await domain.changes.getChanges(bob, { limit: 100, since: token })).toEqual({
      changes: [],
      token,
      hasMore: false,
    })
    await domain.send(ada, bob, 'new')
    expect((await feedOf(domain, bob, token)).map(brief)).toEqual([['message', 2, 'new']])
  })

  test('own messages, marks, contacts and profile come too, each at its newest place', async () => {
    const domain = referenceDomain()
    const { token } = await domain.changes.getChanges(ada, { limit: 100 })
    await domain.send(ada, bob, 'one')
    await mark(domain, bob, ada, 'delivered', 1)
    await domain.contacts.add(ada, bob, { alias: 'B' })
    await domain.users.register({ id: ada, name: 'Ada' })
    await domain.send(bob, ada, 'two')
    await mark(domain, bob, ada, 'read', 1)
    await mark(domain, bob, ada, 'read', 2)
    await domain.contacts.block(ada, cyd)
    await domain.contacts.remove(ada, bob)
    await domain.users.update(ada, { name: 'Ada L.' })
    const expected = [
      ['message', 1, 'one'],
      ['delivered', 'bob', 2],
      ['message', 2, 'two'],
      ['read', 'bob', 2],
      ['contact', { contactId: 'cyd', blocked: true }, false],
      ['contact', { contactId: 'bob', blocked: false }, false],
      ['profile', 'Ada L.'],
    ]
    expect((await feedOf(domain, ada, token)).map(brief)).toEqual(expected)
    for (const limit of [1, 2, 3])
      expect((await feedOf(domain, ada, token, limit)).map(brief)).toEqual(expected)
  })

  test('the position of each change is the token behind it', async () => {
    const domain = referenceDomain()
    const { token } = await domain.changes.getChanges(bob, { limit: 100 })
    for (const text of ['a', 'b', 'c', 'd']) await domain.send(ada, bob, text)
    await domain.groups.create({ creator: ada, members: [bob], id: club })
    await domain.groups.addMembers(ada, club, [cyd, 'dan' as UserId])
    const all = await feedOf(domain, bob, token)
    for (const [index, { position }] of all.entries()) {
      expect(await feedOf(domain, bob, position)).toEqual(all.slice(index + 1))
    }
  })

  test('a group: what happened while the user was in it, and nothing else', async () => {
    const domain = referenceDomain()
    const { groups, sendInto } = domain
    const { token } = await domain.changes.getChanges(bob, { limit: 100 })
    await groups.create({ creator: ada, title: 'Club', members: [], id: club })
    await sendInto(ada, club, 'before')
    await groups.addMembers(ada, club, [bob])
    await sendInto(ada, club, 'within')
    await groups.addMembers(ada, club, [cyd])
    await groups.rename(bob, club, 'Klub')
    await groups.removeMember(ada, club, cyd)
    await groups.removeMember(bob, club, bob)
    await sendInto(ada, club, 'after')
    await groups.rename(ada, club, 'Secret')
    expect((await feedOf(domain, bob, token)).map(brief)).toEqual([
      ['message', 2, 'within'],
      ['member', 'cyd', false],
      ['member', 'bob', false],
      ['conversation', 'Klub', 1],
    ])
    await groups.addMembers(ada, club, [bob])
    await sendInto(ada, club, 'again')
    expect((await feedOf(domain, bob, token)).map(brief)).toEqual([
      ['message', 2, 'within'],
      ['member', 'cyd', false],
      ['member', 'bob', true],
      ['conversation', 'Secret', 2],
      ['message', 4, 'again'],
    ])
  })

  test('of a group is read without waiting for its writers, and tells of memberships what is durable', async () => {
    const gates: Gate[] = []
    const domain = referenceDomain({
      backend: new ReferenceBackend({ persist: () => gates[0]?.opened ?? Promise.resolve() }),
    })
    const { token } = await domain.changes.getChanges(bob, { limit: 100 })
    await domain.groups.create({ creator: ada, members: [bob, cyd], id: club, title: undefined })
    gates.push(new Gate())
    const removal = domain.groups.removeMember(ada, club, cyd)
    await new Promise((resolve) => void setImmediate(resolve))
    expect((await feedOf(domain, bob, token)).map(brief)).toContainEqual(['member', 'cyd', true])
    gates[0]?.open()
    await removal
    expect((await feedOf(domain, bob, token)).map(brief)).toContainEqual(['member', 'cyd', false])
  })

  test('changes are frozen', async () => {
    const domain = referenceDomain()
    const { token } = await domain.changes.getChanges(bob, { limit: 100 })
    await domain.send(ada, bob, 'x')
    const page = await domain.changes.getChanges(bob, { limit: 100, since: token })
    expect(Object.isFrozen(page.changes) && page.changes.every(Object.isFrozen)).toBe(true)
  })

  test('tokens that are none, and tokens of another store', async () => {
    const { changes } = referenceDomain()
    const other = referenceDomain({ backend: new ReferenceBackend() })
    await expect(changes.getChanges(ada, { limit: 100, since: 'garbage' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    const { token } = await other.changes.getChanges(ada, { limit: 100 })
    await expect(changes.getChanges(ada, { limit: 100, since: token })).rejects.toMatchObject({
      code: 'RESYNC_REQUIRED',
    })
  })
})
