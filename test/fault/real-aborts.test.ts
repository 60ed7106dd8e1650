import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import type { Change } from '../../src/index.js'
import { openMessageStore } from '../../src/index.js'
import { SeededChance } from '../../src/backend/reference/seeded-chance.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const ended = { done: true, value: undefined }
const textOf = (change: Change): string => (change.kind === 'message' ? change.message.text : change.kind)

test('subscriptions that are aborted before, during and after a read end, keep no listener, and others miss nothing', async () => {
  const seed = Date.now() % 1_000_000
  const chance = new SeededChance(seed)
  const location = await temporaryDirectory()
  const first = await openMessageStore({ location })
  const { token } = await first.getChanges('bob')
  const send = (store: typeof first, n: number) =>
    store.sendMessage({ sender: 'ann', receiver: 'bob', id: String(n), text: String(n) })
  for (let n = 0; n < 50; n++) await send(first, n)
  await first.close()

  // Nothing is in memory: the feed comes from the shards, and takes its time.
  const store = await openMessageStore({ location })
  const patience = new AbortController().signal
  const witness = store.subscribe('bob', { since: token, signal: patience })
  const aborted = Array.from({ length: 200 }, async (_, i) => {
    const controller = new AbortController()
    const { signal } = controller
    const turns = chance.below(12)
    const changes = store.subscribe('bob', { since: token, signal })[Symbol.asyncIterator]()
    if (i % 10 === 0) controller.abort()
    const waiting = [changes.next(), changes.next()]
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
    if (i % 10 === 1) await Promise.all(waiting)
    controller.abort(new Error('enough'))
    // Each is a change, in order, or the end; never the reason of the signal.
    const answers = await Promise.all(waiting)
    const got = answers.flatMap(({ value }) => (value === undefined ? [] : [textOf(value)]))
    expect(['', '0', '0,1'], `seed ${seed}`).toContain(got.join())
    expect(await changes.next()).toEqual(ended)
    expect(await changes.return?.()).toEqual(ended)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    return got.length
  })
  const sending = Array.from({ length: 50 }, (_, n) => send(store, 50 + n))
  const lengths = await Promise.all(aborted)
  await Promise.all(sending)
  expect([Math.min(...lengths), Math.max(...lengths)]).toEqual([0, 2])
  const seen: string[] = []
  for await (const change of witness) {
    seen.push(textOf(change))
    if (seen.length === 100) break
  }
  expect(getEventListeners(patience, 'abort')).toHaveLength(0)
  expect(seen).toEqual(Array.from({ length: 100 }, (_, n) => String(n)))
  await store.close()
  expect(() => store.subscribe('bob', { signal: AbortSignal.abort() })).toThrow(
    expect.objectContaining({ code: 'CLOSED' }),
  )
})

test('one signal for many: aborted once, all end, and closing finds none of them', async () => {
  const store = await openMessageStore({ location: await temporaryDirectory() })
  const { signal, abort } = (() => {
    const controller = new AbortController()
    return { signal: controller.signal, abort: () => controller.abort() }
  })()
  const waiting = Array.from({ length: 9 }, () =>
    store.subscribe('bob', { signal })[Symbol.asyncIterator]().next(),
  )
  // They share it: Node warns where there are more than ten.
  expect(getEventListeners(signal, 'abort')).toHaveLength(1)
  abort()
  for (const answer of await Promise.all(waiting)) expect(answer).toEqual(ended)
  expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  await store.sendMessage({ sender: 'ann', receiver: 'bob', id: '1', text: 'hello' })
  await store.close()
})

test.each([null, {}, 'signal', new AbortController()])('%s is no signal', async (signal) => {
  const store = await openMessageStore({ location: await temporaryDirectory() })
  expect(() => store.subscribe('bob', { signal: signal as AbortSignal })).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  )
  await store.close()
})
