import { expect, test } from 'vitest'
import { UserEntry } from '../../../src/local/memory/entries.js'
import { UserOrder } from '../../../src/local/memory/user-order.js'
import type { UserId } from '../../../src/model/ids.js'

function namesFromColdest(order: UserOrder): string[] {
  const names: string[] = []
  for (let user = order.coldest; user !== null; user = user.warmer) names.push(user.id)
  return names
}

function filled(count: number): { order: UserOrder; users: UserEntry[] } {
  const order = new UserOrder()
  const users = Array.from({ length: count }, (_, i) => new UserEntry(`u${i}` as UserId))
  for (const user of users) order.add(user)
  return { order, users }
}

test('few users stand exactly in the order of their last use', () => {
  const { order, users } = filled(4)
  order.use(users[1] as UserEntry)
  order.use(users[0] as UserEntry)
  expect(namesFromColdest(order)).toEqual(['u2', 'u3', 'u1', 'u0'])
  order.remove(users[3] as UserEntry)
  expect(namesFromColdest(order)).toEqual(['u2', 'u1', 'u0'])
})

test('of many, whoever is used leaves the coldest seven eighths', () => {
  const count = 80
  const { order, users } = filled(count)
  for (let i = 0; i < 1000; i++) {
    const user = users[(i * 37) % count] as UserEntry
    order.use(user)
    const names = namesFromColdest(order)
    expect(names).toHaveLength(count)
    expect(names.indexOf(user.id)).toBeGreaterThanOrEqual(count - 1 - count / 8)
  }
})
