import { expect, test } from 'vitest'
import { SerialQueue } from '../../../src/async/serial-queue.js'
import { collectGarbage } from '../../fixtures/collect-garbage.js'
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

test('a queue that never runs empty does not keep what its tasks had', async () => {
  const first = new Gate()
  const second = new Gate()
  const queue = new SerialQueue(() => undefined)
  const text = ((): WeakRef<object> => {
    const content = { text: 'a long one' }
    queue.push(() => (content.text === '' ? undefined : first.opened))
    return new WeakRef(content)
  })()
  queue.push(() => second.opened)
  queue.push(() => undefined)
  first.open()
  await new Promise(setImmediate)
  collectGarbage()
  expect(text.deref()).toBeUndefined()
  second.open()
})
