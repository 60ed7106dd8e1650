import { describe, expect, test, vi } from 'vitest'
import type { Position } from '../../../src/model/ids.js'
import { referenceDomain, userIds } from '../../fixtures/reference-domain.js'

const [ada, bob, eve] = userIds('ada', 'bob', 'eve')

describe('contacts', () => {
  test('a contact is added, renamed and removed', async () => {
    const { contacts } = referenceDomain()
    await contacts.add(ada, bob, { alias: 'Bobby' })
    await contacts.add(ada, eve)
    const list = {
      items: [
        { contactId: 'bob', alias: 'Bobby', blocked: false },
        { contactId: 'eve', blocked: false },
      ],
    }
    expect(await contacts.list(ada, { limit: 50 })).toEqual({ ...list, next: null })
    expect(await contacts.list(bob, { limit: 50 })).toEqual({ items: [], next: null })
    await contacts.add(ada, bob)
    expect((await contacts.list(ada, { limit: 50 })).items[0]).toEqual({ contactId: 'bob', blocked: false })
    await contacts.remove(ada, bob)
    await contacts.remove(ada, bob)
    expect((await contacts.list(ada, { limit: 50 })).items).toEqual([{ contactId: 'eve', blocked: false }])
  })

  test('what changes nothing writes nothing', async () => {
    const { contacts, backend } = referenceDomain()
    await contacts.add(ada, bob, { alias: 'B' })
    await contacts.block(ada, bob)
    const position = await backend.latest(ada)
    await contacts.add(ada, bob, { alias: 'B' })
    await contacts.block(ada, bob)
    await contacts.remove(ada, eve)
    await contacts.unblock(ada, eve)
    expect(await backend.latest(ada)).toBe(position)
  })

  test('pages come in the order of UTF-8 bytes, each contact once, without what is only blocked', async () => {
    const { contacts } = referenceDomain()
    const names = ['\u{1F600}', '￿', 'b', 'a', 'é', 'c', 'B']
    for (const name of names) await contacts.add(ada, name as typeof ada)
    for (const name of ['0', 'aa', 'bb', 'zz']) await contacts.block(ada, name as typeof ada)
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await contacts.list(ada, { limit: 2, cursor })
      expect(page.items.length).toBeLessThanOrEqual(2)
      seen.push(...page.items.map(({ contactId }) => contactId))
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
    expect(seen).toEqual(['B', 'a', 'b', 'c', 'é', '￿', '\u{1F600}'])
  })

  test.each([
    ['blocked strangers', { listed: false, blocked: true }, { listed: true, blocked: true }, false],
    ['contacts', { listed: true, blocked: false }, { listed: false, blocked: true }, true],
  ])('many %s are passed over in few steps, and not in one', async (_, many, last, blocked) => {
    const { contacts, backend } = referenceDomain()
    const all = Array.from({ length: 1600 }, (_entry, n) => ({
      contactId: `person ${1000 + n}` as typeof ada,
      ...(n === 1599 ? last : many),
      alias: undefined,
      position: (n + 1) as Position,
    }))
    const reads = vi.spyOn(backend, 'contacts').mockImplementation((_user, after, limit) => {
      const from = all.findIndex(({ contactId }) => after === undefined || contactId > after)
      return all.slice(from, from + limit)
    })
    const { items, next } = await contacts.list(ada, { limit: 1, blocked })
    expect({ items, next }).toEqual({ items: [{ contactId: 'person 2599', blocked: true }], next: null })
    expect(reads.mock.calls.length).toBeLessThanOrEqual(5)
    for (const [, , limit] of reads.mock.calls) expect(limit).toBeLessThanOrEqual(500)
  })

  test('a full last page is the last one', async () => {
    const { contacts } = referenceDomain()
    await contacts.add(ada, bob)
    await contacts.block(ada, eve)
    expect((await contacts.list(ada, { limit: 1 })).next).toBeNull()
  })

  test('a cursor belongs to its user and its list', async () => {
    const { contacts } = referenceDomain()
    for (const other of [bob, eve]) {
      await contacts.add(ada, other)
      await contacts.block(ada, other)
    }
    const invalid = { code: 'INVALID_ARGUMENT' }
    for (const blocked of [false, true]) {
      const cursor = String((await contacts.list(ada, { limit: 1, blocked })).next)
      expect((await contacts.list(ada, { limit: 1, blocked, cursor })).items).toHaveLength(1)
      await expect(contacts.list(bob, { limit: 1, blocked, cursor })).rejects.toMatchObject(invalid)
      await expect(contacts.list(ada, { limit: 1, blocked: !blocked, cursor })).rejects.toMatchObject(invalid)
    }
  })

  test('a block refuses the direct sends of the blocked one only, in the order of the calls', async () => {
    const { contacts, send } = referenceDomain()
    const before = send(bob, ada, 'before')
    const block = contacts.block(ada, bob)
    const behind = send(bob, ada, 'behind')
    const back = send(ada, bob, 'back')
    const unblock = contacts.unblock(ada, bob)
    const after = send(bob, ada, 'after')
    await expect(behind).rejects.toMatchObject({ code: 'BLOCKED' })
    await Promise.all([block, unblock])
    expect([await before, await back, await after].map(({ seq }) => seq)).toEqual([1, 2, 3])
  })

  test('a block is kept apart from the list', async () => {
    const { contacts, backend } = referenceDomain()
    await contacts.block(ada, bob)
    expect(await contacts.list(ada, { limit: 50 })).toEqual({ items: [], next: null })
    await contacts.add(ada, bob)
    expect((await contacts.list(ada, { limit: 50 })).items).toEqual([{ contactId: 'bob', blocked: true }])
    await contacts.remove(ada, bob)
    expect(await backend.contact(ada, bob)).toMatchObject({ listed: false, blocked: true })
    expect((await contacts.list(ada, { limit: 50, blocked: true })).items).toEqual([
      { contactId: 'bob', blocked: true },
    ])
    await contacts.unblock(ada, bob)
    expect(await backend.contact(ada, bob)).toMatchObject({ blocked: false })
    expect(await backend.participation(ada, backend.direct(ada, bob))).toBeNull()
  })

  test('nobody is a contact of oneself', async () => {
    const { contacts } = referenceDomain()
    await expect(contacts.add(ada, ada)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(contacts.block(ada, ada)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('only registered users, where only they exist', async () => {
    const { contacts, users } = referenceDomain({ usersMode: 'registered' })
    await users.register({ id: ada, name: 'Ada' })
    for (const call of [
      contacts.add(ada, bob),
      contacts.block(ada, bob),
      contacts.list(bob, { limit: 50 }),
    ]) {
      await expect(call).rejects.toMatchObject({ code: 'USER_NOT_FOUND' })
    }
    await users.register({ id: bob, name: 'Bob' })
    await contacts.add(ada, bob)
  })
})
