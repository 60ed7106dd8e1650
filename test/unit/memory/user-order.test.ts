import { expect, test } from 'vitest'
import { CachedUser } from '../../../src/local/memory/entries.js'
import { UserOrder } from '../../../src/local/memory/user-order.js'
import type { UserId } from '../../../src/model/ids.js'

function namesFromColdest(order: UserOrder): string[] {
  const names: string[] = []
  for (let user = order.coldest; user !== null; user = user.warmer) names.push(user.id)
  return names
}

function filled(count: number): { order: UserOrder; users: CachedUser[] } {
  const order = new UserOrder()
  const users = Array.from({ length: count }, (_, i) => new CachedUser(`u${i}` as UserId))
  for (const user of users) order.add(user)
  return { order, users }
}

test('few users stand exactly in the order of their last use', () => {
  const { order, users } = filled(4)
  order.use(users[1] as CachedUser)
  order.use(users[0] as CachedUser)
  expect(namesFromColdest(order)).toEqual(['u2', 'u3', 'u1', 'u0'])
  order.remove(users[3] as CachedUser)
  expect(namesFromColdest(order)).toEqual(['u2', 'u1', 'u0'])
})

test('of many, whoever is used leaves the coldest seven eighths', () => {
  const count = 80
  const { order, users } = filled(count)
  for (let i = 0; i < 1000; i++) {
    const user = users[(i * 37) % count] as CachedUser
    order.use(user)
    const names = namesFromColdest(order)
    expect(names).toHaveLength(count)
    expect(names.indexOf(user.id)).toBeGreaterThanOrEqual(count - 1 - count / 8)
  }
})

test('users are stripped from the coldest on, the warmest eighth never, and whoever is used again is in turn again', () => {
  const { order, users } = filled(16)
  const strip = (): string[] => {
    const names: string[] = []
    for (let user; (user = order.nextToStrip) !== null; order.passed()) names.push(user.id)
    return names
  }
  expect(strip()).toEqual(users.slice(0, 14).map(({ id }) => id))
  expect(strip()).toEqual([])
  order.use(users[3] as CachedUser)
  expect(strip()).toEqual(['u14'])
  order.remove(users[0] as CachedUser)
  order.remove(users[15] as CachedUser)
  expect(strip()).toEqual([])
  order.add(new CachedUser('new' as UserId))
  expect(strip()).toEqual(['u3'])
})

test('whoever is used or leaves does not disturb who is next to be stripped', () => {
  const { order, users } = filled(24)
  const passed = new Set<CachedUser>()
  const random = (below: number, i: number): number => ((i * 7919) % 104_729) % below
  for (let i = 0; i < 5000; i++) {
    const user = users[random(24, i)] as CachedUser
    if (i % 3 === 0) {
      order.remove(user)
      order.add(user)
      passed.delete(user)
    } else if (order.nextToStrip !== null) {
      passed.add(order.nextToStrip)
      order.passed()
    }
    const wanted = namesFromColdest(order).findIndex((id) => ![...passed].some((one) => one.id === id))
    expect(wanted).toBe(passed.size)
    expect(order.nextToStrip?.id).toBe(passed.size < 21 ? namesFromColdest(order)[wanted] : undefined)
  }
})
