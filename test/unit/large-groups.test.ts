import { expect, test } from 'vitest'
import { isColumbaError } from '../../src/errors.js'
import { openMessageStore } from '../../src/index.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const crowd = Array.from({ length: 256 }, (_, i) => `member ${i}`)

test('nobody gets into more large groups than the limit, neither by creating, joining nor growing', async () => {
  const location = await temporaryDirectory()
  const store = await openMessageStore({ location, limits: { largeGroupsPerUser: 1 } })
  const refused = (call: Promise<unknown>) =>
    expect(call).rejects.toSatisfy((error) => isColumbaError(error, 'TOO_LARGE'))
  try {
    await store.groups.create({ creator: 'ada', members: crowd, id: 'first' })
    await refused(
      store.groups.create({ creator: 'ada', members: crowd.map((id) => `other ${id}`), id: 'second' }),
    )
    await store.groups.create({ creator: 'bob', members: crowd.map((id) => `other ${id}`), id: 'second' })
    await refused(store.groups.addMembers('bob', 'second', ['ada']))
    await store.groups.create({ creator: 'ada', members: crowd.slice(0, 255), id: 'small' })
    await refused(store.groups.addMembers('ada', 'small', ['cleo']))
    await store.admin.checkpoint()
    await refused(store.groups.addMembers('ada', 'small', ['cleo']))
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
