import { describe, expect, test } from 'vitest'
import { ReferenceBackend } from '../../../src/backend/reference/reference-backend.js'
import { Lanes } from '../../../src/domain/lanes.js'
import { defaultLimits } from '../../../src/limits.js'
import { systemClock } from '../../../src/platform/clock.js'
import { Gate } from '../../fixtures/gate.js'
import { userIds } from '../../fixtures/reference-domain.js'

const [ada, bob] = userIds('ada', 'bob')

function lanesOf(limits = defaultLimits) {
  const backend = new ReferenceBackend()
  return { handle: backend.direct(ada, bob), lanes: new Lanes(backend, limits) }
}

describe('a lane', () => {
  test('is there only while something is in it', async () => {
    const { handle, lanes } = lanesOf()
    const gate = new Gate()
    const held = lanes.run(handle, () => gate.opened)
    expect(handle.lane).not.toBeNull()
    gate.open()
    await held
    await systemClock.yield()
    expect(handle.lane).toBeNull()
  })

  test('does one thing after the other, and goes on after a failure', async () => {
    const { handle, lanes } = lanesOf()
    const gate = new Gate()
    const done: number[] = []
    const first = lanes.run(handle, async () => {
      await gate.opened
      done.push(1)
      throw new Error('first')
    })
    const second = lanes.write(handle, ada, () => {
      done.push(2)
      throw new Error('second')
    })
    const third = lanes.write(handle, ada, () => ({ answer: done.push(3) }))
    gate.open()
    await expect(first).rejects.toThrow('first')
    await expect(second).rejects.toThrow('second')
    await expect(third).resolves.toBe(3)
    expect(done).toEqual([1, 2, 3])
  })

  test('is left as soon as a write is handed over', async () => {
    const { handle, lanes } = lanesOf()
    const gate = new Gate()
    const first = lanes.write(handle, ada, () => ({ handed: gate.opened.then(() => 'first') }))
    await expect(lanes.write(handle, ada, () => ({ answer: 'second' }))).resolves.toBe('second')
    gate.open()
    await expect(first).resolves.toBe('first')
  })

  test('refuses what is too much, definitely, and takes more when there is room again', async () => {
    const { handle, lanes } = lanesOf({ ...defaultLimits, queueCalls: 2, queueBytes: 100 })
    const gate = new Gate()
    const held = lanes.run(handle, () => gate.opened)
    const waiting = lanes.write(handle, ada, () => ({ answer: 'waited' }), 60)
    const refused = () => lanes.write(handle, ada, () => ({ answer: 'never' }))
    await expect(refused()).rejects.toMatchObject({ code: 'OVERLOADED' })
    const other = new ReferenceBackend().direct(ada, ada)
    await expect(lanes.write(other, ada, () => ({ answer: 'never' }))).rejects.toMatchObject({
      code: 'OVERLOADED',
    })
    expect(other.lane).toBeNull()
    gate.open()
    await held
    await expect(waiting).resolves.toBe('waited')
    await expect(lanes.write(handle, ada, () => ({ answer: 'room' }), 100)).resolves.toBe('room')
  })

  test('lets in whoever only looks, who is no reason to refuse others', async () => {
    const { handle, lanes } = lanesOf({ ...defaultLimits, queueCalls: 2 })
    const gate = new Gate()
    const order: string[] = []
    const looks = [1, 2, 3].map(() => lanes.look(handle, () => gate.opened.then(() => order.push('look'))))
    const written = lanes.run(handle, () => order.push('write'))
    const held = lanes.run(handle, () => gate.opened)
    await expect(lanes.run(handle, () => undefined)).rejects.toMatchObject({ code: 'OVERLOADED' })
    looks.push(lanes.look(handle, () => order.push('last look')))
    gate.open()
    await Promise.all([...looks, written, held])
    expect(order).toEqual(['look', 'look', 'look', 'write', 'last look'])
  })

  test('of one user is not that of another', async () => {
    const { lanes } = lanesOf()
    const gate = new Gate()
    const done: string[] = []
    const first = lanes.user(ada, async () => {
      await gate.opened
      done.push('ada 1')
    })
    const second = lanes.user(ada, () => done.push('ada 2'))
    await lanes.user(bob, () => done.push('bob'))
    gate.open()
    await Promise.all([first, second])
    expect(done).toEqual(['bob', 'ada 1', 'ada 2'])
  })
})
