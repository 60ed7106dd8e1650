import { expect, test } from 'vitest'
import { foundingMembership, type GroupRow, type MembershipRow } from '../../../src/formats/record-parts.js'
import { KeptGroup } from '../../../src/local/memory/kept-group.js'
import type { UserId } from '../../../src/model/ids.js'

function member(user: string, ordinal: number, left = false): MembershipRow {
  const membership = foundingMembership(user, ordinal, 1, 0)
  return left ? { ...membership, intervals: [{ from: 1, to: 0 }], place: 1 } : membership
}

function small(...users: readonly string[]): KeptGroup<never> {
  const row = { lastOrdinal: users.length } as GroupRow
  const present = users.map((user, i) => member(user, i + 1))
  return new KeptGroup<never>(row, row, present)
}

test('however many have come and gone, a small group walks over those who are in, by the order of joining', () => {
  const group = small('ada', 'bob')
  for (let i = 0; i < 100; i++) {
    const visitor = `visitor ${i}`
    group.row = { ...group.row, lastOrdinal: 3 + i }
    group.keep(member(visitor, 3 + i), 4, 'changed')
    expect([...(group.present?.keys() ?? [])]).toEqual(['ada', 'bob', visitor])
    group.keep(member(visitor, 3 + i, true), 4, 'changed')
  }
  group.row = { ...group.row, lastOrdinal: 103 }
  group.keep(member('ada', 1, true), 4, 'changed')
  group.keep(member('ada', 103), 4, 'changed')
  expect([...(group.present?.keys() ?? [])]).toEqual(['bob', 'ada'])
  expect(group.memberships).toBeLessThanOrEqual(2 + 4)
})

test('nobody has to look for a stranger where nobody has left, and for all others who are not kept', () => {
  const group = small('ada', 'bob')
  const find = (user: string) => group.member(user as UserId)
  expect([find('ada')?.ordinal, find('cleo')]).toEqual([1, null])
  group.keep(member('bob', 2, true), 1, 'changed')
  expect([find('bob')?.place, find('cleo')]).toEqual([1, undefined])
  const { forgets } = group
  group.keep(member('ada', 1, true), 1, 'changed')
  expect([find('bob'), group.forgets > forgets]).toEqual([undefined, true])
})

test('a group that becomes large keeps nobody for good, and who reads a member meanwhile reads again', () => {
  const group = small('ada', 'bob')
  const { forgets } = group
  group.becomeLarge()
  expect([group.present, group.member('ada' as UserId)]).toEqual([null, undefined])
  expect(group.forgets).toBeGreaterThan(forgets)
  group.keep(member('cleo', 3), 4, 'changed')
  expect([group.present, group.member('cleo' as UserId)?.ordinal]).toEqual([null, 3])
})

test('the oldest make room, and only for those who came or left nobody reads again', () => {
  const group = small()
  group.becomeLarge()
  const { forgets } = group
  const users = Array.from({ length: 12 }, (_, i) => `user ${i}`)
  users.forEach((user, i) => group.keep(member(user, i), 8, 'read'))
  const kept = users.filter((user) => group.member(user as UserId) !== undefined)
  expect([kept, group.forgets]).toEqual([users.slice(4), forgets])
  group.keep(member('bob', 12, true), 8, 'changed')
  expect([group.member('bob' as UserId)?.place, group.forgets]).toEqual([1, forgets])
  users.forEach((user, i) => group.keep(member(user, i), 8, 'read'))
  expect([group.member('bob' as UserId), group.forgets]).toEqual([undefined, forgets + 1])
})
