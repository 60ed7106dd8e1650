import { expect, test } from 'vitest'
import { SerialQueue } from '../../../src/async/serial-queue.js'
import { Gate } from '../../fixtures/gate.js'

test('a queue runs what needs not wait in the same tick, and the rest in order', async () => {
  const ran: string[] = []
  const gate = new Gate()
  let empty = 0
  const queue = new SerialQueue(() => {
    empty += 1
  })
  const note = (name: string) => (): undefined => {
    ran.push(name)
  }
  queue.push(note('first'))
  expect([ran, empty]).toEqual([['first'], 1])
  queue.push(() => {
    ran.push('second')
    return gate.opened
  })
  queue.push(note('third'))
  queue.push(() => {
    queue.push(note('fifth'))
    return note('fourth')()
  })
  expect([ran, empty]).toEqual([['first', 'second'], 1])
  gate.open()
  await gate.opened
  await Promise.resolve()
  expect([ran, empty]).toEqual([['first', 'second', 'third', 'fourth', 'fifth'], 2])
})

test('a long queue runs to its end without growing the stack', () => {
  let ran = 0
  const queue = new SerialQueue(() => undefined)
  queue.push(() => {
    for (let task = 0; task < 100_000; task += 1) {
      queue.push(() => {
        ran += 1
        return undefined
      })
    }
    return undefined
  })
  expect(ran).toBe(100_000)
})
