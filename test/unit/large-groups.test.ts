import { expect, test } from 'vitest'
import { isColumbaError, type ColumbaError } from '../../src/errors.js'
import { openMessageStore } from '../../src/index.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const crowd = Array.from({ length: 256 }, (_, i) => `member ${i}`)

test('nobody gets into more large groups than the limit, neither by creating, joining nor growing', async () => {
  const location = await temporaryDirectory()
  const store = await openMessageStore({ location, limits: { largeGroupsPerUser: 1 } })
  const details = { name: 'largeGroupsPerUser', limit: 1 }
  const refused = async (call: Promise<unknown>, who: string, path: object) => {
    const error: unknown = await call.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'TOO_LARGE', message: expect.stringContaining(who) as string })
    expect((error as ColumbaError).details).toEqual({ ...details, ...path })
  }
  try {
    const others = crowd.map((id) => `other ${id}`)
    await store.groups.create({ creator: 'ada', members: crowd, id: 'first' })
    await refused(
      store.groups.create({ creator: 'ada', members: others, id: 'second' }),
      'creator: the user is',
      {
        field: 'creator',
      },
    )
    const withOne = [...others.slice(0, 7), 'bob', 'member 3', ...others]
    await refused(
      store.groups.create({ creator: 'bob', members: withOne, id: 'second' }),
      'members[8]: the user is',
      {
        field: 'members',
        index: 8,
      },
    )
    await store.groups.create({ creator: 'bob', members: others, id: 'second' })
    await refused(
      store.groups.addMembers('bob', 'second', ['bob', 'eve', 'eve', 'ada']),
      'userIds[3]: the user is',
      {
        field: 'userIds',
        index: 3,
      },
    )
    await store.groups.create({ creator: 'ada', members: crowd.slice(0, 255), id: 'small' })
    await refused(store.groups.addMembers('ada', 'small', ['cleo']), 'a present member is', {})
    await store.admin.checkpoint()
    await refused(store.groups.addMembers('ada', 'small', ['cleo']), 'a present member is', {})
    expect((await store.getConversations('ada')).items.map(({ id }) => id)).toEqual(['small', 'first'])
  } finally {
    await store.close()
  }
})

test('groups that grow one after the other, before any of it is flushed, count for who is in them', async () => {
  const location = await temporaryDirectory()
  const options = { location, durability: 'os', limits: { largeGroupsPerUser: 1 } } as const
  const creators = ['bob', 'cleo', 'dan']
  let store = await openMessageStore(options)
  for (const creator of creators) {
    const others = crowd.slice(0, 254).map((id) => `${id} of ${creator}`)
    await store.groups.create({ creator, members: ['ada', ...others], id: `of ${creator}` })
  }
  await store.close()

  store = await openMessageStore(options)
  try {
    const grow = (creator: string): Promise<string> =>
      store.groups.addMembers(creator, `of ${creator}`, [`friend of ${creator}`]).then(
        () => 'grown',
        (error: unknown) => (isColumbaError(error) ? error.code : String(error)),
      )
    const outcomes = []
    for (const creator of creators) outcomes.push(await grow(creator))
    expect(outcomes).toEqual(['grown', 'TOO_LARGE', 'TOO_LARGE'])
    await store.groups.removeMember('ada', 'of bob', 'ada')
    expect(await grow('cleo')).toBe('grown')
  } finally {
    await store.close()
  }
})

test('everybody has a group in the list that more members list at once than memory keeps', async () => {
  const location = await temporaryDirectory()
  const members = Array.from({ length: 1500 }, (_, i) => `member ${i}`)
  let store = await openMessageStore({ location, durability: 'os' })
  await store.groups.create({ creator: 'ada', members: members.slice(0, 900), id: 'crowd' })
  await store.groups.addMembers('ada', 'crowd', members.slice(900))
  await store.close()
  store = await openMessageStore({ location, durability: 'os' })
  try {
    const lists = await Promise.all(members.map((member) => store.getConversations(member)))
    expect(lists.filter(({ items }) => items[0]?.id !== 'crowd')).toEqual([])
  } finally {
    await store.close()
  }
})
