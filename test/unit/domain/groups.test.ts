import { describe, expect, test } from 'vitest'
import { conversationId, referenceDomain, userIds } from '../../fixtures/reference-domain.js'
import type { Domain } from '../../fixtures/reference-domain.js'
import type { ConversationId, UserId } from '../../../src/model/ids.js'

const [ada, bob, cyd, dan] = userIds('ada', 'bob', 'cyd', 'dan')
const club = conversationId('club')

async function memberIds({ groups }: Domain, viewer: UserId, id: ConversationId): Promise<readonly UserId[]> {
  return (await groups.members(viewer, id, { limit: 50 })).items.map(({ userId }) => userId)
}

describe('groups', () => {
  test('the creator is a member, duplicates are ignored, ids are made', async () => {
    const domain = referenceDomain()
    const group = await domain.groups.create({ creator: ada, title: 'Club', members: [bob, ada, bob] })
    expect(group).toMatchObject({ title: 'Club', creator: 'ada', memberCount: 2 })
    expect(await memberIds(domain, bob, group.id)).toEqual(['ada', 'bob'])
    const other = await domain.groups.create({ creator: ada, members: [] })
    expect(other.id).not.toBe(group.id)
    expect(Object.hasOwn(other, 'title')).toBe(false)
  })

  test('creating again with the same content gives the group as it is; other content is a conflict', async () => {
    const { groups } = referenceDomain()
    const draft = { creator: ada, title: 'Club', members: [bob, cyd], id: club }
    const [made, twin] = await Promise.all([
      groups.create(draft),
      groups.create({ ...draft, members: [cyd, bob, ada] }),
    ])
    expect(twin).toEqual(made)
    await groups.removeMember(bob, club, bob)
    await groups.rename(cyd, club, 'Klub')
    expect(await groups.create(draft)).toEqual({ ...made, title: 'Klub', memberCount: 2 })
    for (const other of [{ title: 'Other' }, { title: undefined }, { members: [bob] }, { creator: bob }]) {
      await expect(groups.create({ ...draft, ...other })).rejects.toMatchObject({
        code: 'IDEMPOTENCY_CONFLICT',
      })
    }
  })

  test('a direct conversation is none', async () => {
    const { groups, send } = referenceDomain()
    const { conversationId: direct } = await send(ada, bob, 'hi')
    await expect(groups.addMembers(ada, direct, [cyd])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(groups.addMembers(cyd, direct, [cyd])).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
  })

  test('a send right behind the creation goes into the group', async () => {
    const { groups, sendInto } = referenceDomain()
    const made = groups.create({ creator: ada, members: [bob], id: club })
    const sent = sendInto(bob, club, 'first')
    expect(await sent).toMatchObject({ seq: 1, conversationId: 'club' })
    await made
  })

  test('any member adds, members are ignored, strangers and former members may not', async () => {
    const domain = referenceDomain()
    const { groups } = domain
    await groups.create({ creator: ada, members: [bob], id: club })
    expect(await groups.addMembers(bob, club, [cyd, ada, cyd])).toMatchObject({ memberCount: 3 })
    expect(await memberIds(domain, ada, club)).toEqual(['ada', 'bob', 'cyd'])
    await groups.removeMember(bob, club, bob)
    const refused = { code: 'NOT_A_MEMBER' }
    for (const actor of [bob, dan]) {
      await expect(groups.addMembers(actor, club, [dan])).rejects.toMatchObject(refused)
      await expect(groups.rename(actor, club, 'x')).rejects.toMatchObject(refused)
      await expect(groups.removeMember(actor, club, actor)).rejects.toMatchObject(refused)
      await expect(groups.members(actor, club, { limit: 50 })).rejects.toMatchObject(refused)
    }
    await expect(groups.members(ada, conversationId('nowhere'), { limit: 50 })).rejects.toMatchObject(refused)
    await groups.addMembers(ada, club, [bob])
    expect(await memberIds(domain, bob, club)).toEqual(['ada', 'cyd', 'bob'])
  })

  test('only the owner removes others, and the longest member follows the owner', async () => {
    const domain = referenceDomain()
    const { groups } = domain
    await groups.create({ creator: ada, members: [bob, cyd, dan], id: club })
    await expect(groups.removeMember(bob, club, cyd)).rejects.toMatchObject({ code: 'NOT_PERMITTED' })
    await groups.removeMember(ada, club, bob)
    await groups.removeMember(ada, club, bob)
    await groups.addMembers(dan, club, [bob])
    await groups.removeMember(ada, club, ada)
    await expect(groups.removeMember(bob, club, dan)).rejects.toMatchObject({ code: 'NOT_PERMITTED' })
    await groups.removeMember(cyd, club, dan)
    await groups.addMembers(cyd, club, [ada])
    await expect(groups.removeMember(ada, club, bob)).rejects.toMatchObject({ code: 'NOT_PERMITTED' })
    await groups.removeMember(cyd, club, cyd)
    expect(await groups.removeMember(bob, club, ada)).toMatchObject({
      memberCount: 1,
      creator: 'ada',
      owner: 'bob',
    })
    expect(await groups.removeMember(bob, club, bob)).toMatchObject({ memberCount: 0, owner: null })
    await expect(groups.members(bob, club, { limit: 50 })).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
  })

  test('who has blocked the actor is not added, nor is anybody with them; their sends into groups go on', async () => {
    const domain = referenceDomain()
    const { groups, contacts, sendInto } = domain
    await groups.create({ creator: ada, members: [bob], id: club })
    await contacts.block(cyd, bob)
    await contacts.block(ada, bob)
    await expect(groups.addMembers(bob, club, [dan, cyd])).rejects.toMatchObject({ code: 'BLOCKED' })
    await expect(groups.create({ creator: bob, members: [dan, cyd] })).rejects.toMatchObject({
      code: 'BLOCKED',
    })
    expect(await memberIds(domain, bob, club)).toEqual(['ada', 'bob'])
    expect(await groups.addMembers(bob, club, [ada])).toMatchObject({ memberCount: 2 })
    expect(await groups.addMembers(ada, club, [cyd])).toMatchObject({ memberCount: 3 })
    expect(await sendInto(bob, club, 'to all')).toMatchObject({ seq: 1 })
  })

  test('members come in pages, in the order of joining', async () => {
    const { groups } = referenceDomain()
    const users = Array.from({ length: 7 }, (_, index) => `u${6 - index}` as UserId)
    await groups.create({ creator: ada, members: users, id: club })
    const seen: UserId[] = []
    let cursor: string | undefined
    do {
      const page = await groups.members(ada, club, { limit: 4, cursor })
      seen.push(...page.items.map(({ userId }) => userId))
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
    expect(seen).toEqual([ada, ...users])
    const { next } = await groups.members(ada, club, { limit: 1 })
    await expect(
      groups.members(users[0] ?? ada, club, { limit: 1, cursor: String(next) }),
    ).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  test('a group has no more members than the limit says', async () => {
    const { groups } = referenceDomain({ limits: { groupMembers: 4 } })
    const tooLarge = { code: 'TOO_LARGE', details: { limit: 4 } }
    await groups.create({ creator: ada, members: [bob, cyd], id: club })
    await expect(groups.addMembers(ada, club, [dan, 'eve' as UserId])).rejects.toMatchObject(tooLarge)
    expect(await groups.addMembers(ada, club, [dan, bob])).toMatchObject({ memberCount: 4 })
  })

  test('only registered users, where only they exist', async () => {
    const { groups, users } = referenceDomain({ usersMode: 'registered' })
    await users.register({ id: ada, name: 'Ada' })
    await expect(groups.create({ creator: ada, members: [bob], id: club })).rejects.toMatchObject({
      code: 'USER_NOT_FOUND',
    })
    await groups.create({ creator: ada, members: [], id: club })
    const unknown = { code: 'USER_NOT_FOUND' }
    await expect(groups.addMembers(ada, club, [bob])).rejects.toMatchObject(unknown)
    await expect(groups.addMembers(bob, club, [ada])).rejects.toMatchObject(unknown)
    await expect(groups.removeMember(bob, club, ada)).rejects.toMatchObject(unknown)
    await expect(groups.rename(bob, club, 'title')).rejects.toMatchObject(unknown)
    await expect(groups.members(bob, club, { limit: 50 })).rejects.toMatchObject(unknown)
  })
})
