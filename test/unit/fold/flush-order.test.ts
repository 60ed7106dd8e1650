import { expect, test } from 'vitest'
import type { BodyFiles } from '../../../src/local/bodies/body-files.js'
import {
  AdaptiveFlushRunner,
  InlineFlushRunner,
  OrderedFlush,
} from '../../../src/local/background/flush-runner.js'
import type { FlushRunner } from '../../../src/local/background/flush-runner.js'
import type { FlushParts } from '../../../src/local/background/flusher.js'
import type { ShardWriter } from '../../../src/local/shards/shard-writer.js'
import type { Clock } from '../../../src/platform/clock.js'
import { Gate } from '../../fixtures/gate.js'
import { Scribe, type Deed } from './scribe.js'

const say: Deed = { what: 'direct', who: 0, whom: 2, size: 5 }
const [first, second, third] = Scribe.write([say, say, say], new Set([0, 1])).map((range) => [range])
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Parts that tell what is written, each body file only when its gate is open. */
function watched(gates: readonly Gate[]) {
  const events: string[] = []
  let files = 0
  const bodies = {
    write: async (cut: number) => {
      events.push(`body ${cut}`)
      const gate = gates[files++]
      await gate?.opened
      if (gate === undefined) throw new Error('no room')
    },
  } as unknown as BodyFiles
  const writer = {
    pending: 0,
    throwIfFailed: () => undefined,
    put: () => void (events.at(-1) === 'rows' || events.push('rows')),
    del: () => undefined,
    flush: async () => void events.push('written'),
  } as unknown as ShardWriter
  let yields = 0
  const clock = { yield: async () => void yields++ } as unknown as Clock
  const parts: FlushParts = { bodies, writers: [writer], hashSeed: 1, shardOf: () => 0 }
  return { events, runner: () => new InlineFlushRunner(parts, clock) }
}

test('nothing of a generation is written before all of the one before it', async () => {
  const gates = [new Gate(), new Gate()]
  const { events, runner } = watched(gates)
  const flush = new OrderedFlush(runner(), Promise.resolve())
  const all = [flush.flush(first!), flush.flush(second!)]
  await turn()
  expect(events).toEqual(['body 1'])
  gates[1]!.open()
  await turn()
  expect(events).toEqual(['body 1'])
  gates[0]!.open()
  await Promise.all(all)
  expect(events).toEqual(['body 1', 'rows', 'written', 'body 2', 'rows', 'written'])
})

test('nothing is written behind a generation that has failed', async () => {
  const { events, runner } = watched([])
  const flush = new OrderedFlush(runner(), Promise.resolve())
  const all = [flush.flush(first!), flush.flush(second!)]
  for (const each of all) await expect(each).rejects.toThrow('no room')
  await expect(flush.flush(third!)).rejects.toThrow('no room')
  expect(events).toEqual(['body 1'])
})

test('while a store is being opened no other thread is asked, and the order stays', async () => {
  const gates = [new Gate(), new Gate(), new Gate()]
  const { events, runner } = watched(gates)
  const used: string[] = []
  const named = (name: string): FlushRunner => {
    const inner = runner()
    return {
      flush: (ranges, before) => {
        used.push(name)
        return inner.flush(ranges, before)
      },
      close: () => inner.close(),
    }
  }
  const adaptive = new AdaptiveFlushRunner(named('here'), () => named('there'), 1)
  const flush = new OrderedFlush(adaptive, Promise.resolve())
  const opening = [flush.flush(first!), flush.flush(second!)]
  await turn()
  expect([used, events]).toEqual([['here', 'here'], ['body 1']])
  for (const gate of gates) gate.open()
  await Promise.all(opening)
  adaptive.opened()
  const later = flush.flush(third!)
  expect(used).toEqual(['here', 'here', 'there'])
  await adaptive.close()
  await later
  expect(events.filter((event) => event.startsWith('body'))).toEqual(['body 1', 'body 2', 'body 3'])
})

test('nothing is written before it is allowed, and nothing at all if it never is', async () => {
  const { events, runner } = watched([new Gate(), new Gate()])
  let forbid: (reason: Error) => void = () => undefined
  const allowed = new Promise<void>((_, reject) => {
    forbid = reject
  })
  const inline = runner()
  const flushed = new OrderedFlush(inline, allowed).flush(first!)
  await turn()
  expect(events).toEqual([])
  forbid(new Error('not opened'))
  await expect(flushed).rejects.toThrow('not opened')
  await inline.close()
  expect(events).toEqual([])
})
