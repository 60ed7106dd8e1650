import { describe, expect, test } from 'vitest'
import { referenceDomain, userIds } from '../../fixtures/reference-domain.js'

const [ada, bob] = userIds('ada', 'bob')

describe('users', () => {
  test('registering gives the user, again with the same content, whatever the order of the keys', async () => {
    const { users, backend } = referenceDomain()
    const user = await users.register({ id: ada, name: 'Ada', profile: { born: 1815, city: 'London' } })
    expect(user).toEqual({ id: 'ada', name: 'Ada', profile: { born: 1815, city: 'London' } })
    const position = await backend.latest(ada)
    expect(await users.register({ id: ada, name: 'Ada', profile: { city: 'London', born: 1815 } })).toEqual(
      user,
    )
    expect(await backend.latest(ada)).toBe(position)
    expect(await users.get(ada)).toEqual(user)
    expect(Object.isFrozen(await users.get(ada))).toBe(true)
  })

  test('other content is USER_EXISTS, and a missing profile is other content than null', async () => {
    const { users } = referenceDomain()
    await users.register({ id: ada, name: 'Ada' })
    await expect(users.register({ id: ada, name: 'Eve' })).rejects.toMatchObject({ code: 'USER_EXISTS' })
    await expect(users.register({ id: ada, name: 'Ada', profile: null })).rejects.toMatchObject({
      code: 'USER_EXISTS',
    })
    expect(await users.get(ada)).toEqual({ id: 'ada', name: 'Ada' })
  })

  test('what was accepted under other limits can be compared and changed', async () => {
    const first = referenceDomain()
    const profile = { about: 'x'.repeat(1000) }
    await first.users.register({ id: ada, name: 'Ada', profile })
    const { users } = referenceDomain({ backend: first.backend, limits: { attributesBytes: 100 } })
    expect(await users.update(ada, {})).toEqual({ id: 'ada', name: 'Ada', profile })
    expect(await users.update(ada, { name: 'Eve' })).toEqual({ id: 'ada', name: 'Eve', profile })
  })

  test('two registrations at once: the first call wins', async () => {
    const { users } = referenceDomain()
    const [first, second] = await Promise.allSettled([
      users.register({ id: ada, name: 'first' }),
      users.register({ id: ada, name: 'second' }),
    ])
    expect(first).toMatchObject({ status: 'fulfilled', value: { name: 'first' } })
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'USER_EXISTS' } })
  })

  test('an update keeps what it leaves out; without a difference it writes nothing', async () => {
    const { users, backend } = referenceDomain()
    await users.register({ id: ada, name: 'Ada', profile: { city: 'London' } })
    expect(await users.update(ada, { name: 'Ada L.' })).toEqual({
      id: 'ada',
      name: 'Ada L.',
      profile: { city: 'London' },
    })
    expect(await users.update(ada, { profile: null })).toEqual({ id: 'ada', name: 'Ada L.', profile: null })
    const position = await backend.latest(ada)
    expect(await users.update(ada, { name: 'Ada L.' })).toEqual({ id: 'ada', name: 'Ada L.', profile: null })
    expect(await backend.latest(ada)).toBe(position)
  })

  test('unknown users are USER_NOT_FOUND', async () => {
    const { users } = referenceDomain()
    await expect(users.get(bob)).rejects.toMatchObject({ code: 'USER_NOT_FOUND', kind: 'not-found' })
    await expect(users.update(bob, { name: 'Bob' })).rejects.toMatchObject({ code: 'USER_NOT_FOUND' })
  })
})
