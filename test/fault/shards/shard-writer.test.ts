import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { ColumbaError } from '../../../src/errors.js'
import { CallSlots } from '../../../src/local/shards/call-slots.js'
import { ShardFailure } from '../../../src/local/shards/shard-failure.js'
import { ShardWriter } from '../../../src/local/shards/shard-writer.js'
import { FakeShardDatabase } from '../../fixtures/fake-shard-database.js'
import { rejectionOf } from '../../fixtures/thrown-by.js'

function writers({ count = 1, limit = 4, batchBytes = 1000 } = {}) {
  const failures: ColumbaError[] = []
  const failure = new ShardFailure((error) => failures.push(error))
  const slots = new CallSlots(limit)
  const all = Array.from({ length: count }, (_, shard) => {
    const database = new FakeShardDatabase()
    return { database, writer: new ShardWriter({ shard, database, failure, slots, batchBytes }) }
  })
  return { failures, failure, all, ...all[0]! }
}

const key = (name: string | number) => Buffer.from(String(name))
const value = (bytes: number) => Buffer.alloc(bytes, 'v')

test('rows gather until a batch would grow beyond its limit; a larger row goes alone', async () => {
  const { database, writer } = writers()
  for (let row = 0; row < 10; row++) writer.putSealed(key(row), value(291))
  writer.putSealed(key('large'), value(5000))
  writer.del(key('x'))
  const flushed = writer.flush()
  while (writer.pending > 0) {
    database.answer()
    await turn()
  }
  await flushed
  expect(database.batchBytes).toEqual([876, 876, 876, 292, 5005, 1])
  expect(database.accepted.map(([name]) => name)).toEqual([
    ...Array.from({ length: 10 }, (_, row) => String(row)),
    'large',
    'x',
  ])
  expect(writer.written).toEqual({ rows: 12, bytes: 2920 + 5005 + 1, batches: 6 })
})

test('one batch at a time is with the database', async () => {
  const { database, writer } = writers({ batchBytes: 100 })
  for (let row = 0; row < 10; row++) writer.putSealed(key(row), value(80))
  const flushed = writer.flush()
  for (let batch = 1; batch <= 10; batch++) {
    await turn()
    expect(database.handedOver).toBe(batch)
    expect(database.writing).toHaveLength(1)
    database.answer()
  }
  await flushed
})

test('over all shards, as many are at work as there are slots', async () => {
  const { all } = writers({ count: 5, limit: 2 })
  for (const { writer } of all) writer.putSealed(key('a'), value(1))
  const flushed = Promise.all(all.map(({ writer }) => writer.flush()))
  for (let round = 0; round < 5; round++) {
    await turn()
    const busy = all.filter(({ database }) => database.writing.length > 0)
    expect(busy.length).toBe(Math.min(2, 5 - round))
    busy[0]!.database.answer()
  }
  await flushed
})

test('flush waits for what came before it, drained for all but one batch', async () => {
  const { database, writer } = writers({ batchBytes: 100 })
  const events: string[] = []
  await writer.flush()
  for (let row = 0; row < 4; row++) writer.putSealed(key(row), value(80))
  void writer.drained().then(() => events.push('drained'))
  void writer.flush().then(() => events.push('flushed'))
  for (const expected of [[], [], [], ['drained'], ['drained', 'flushed']]) {
    await turn()
    expect(events).toEqual(expected)
    database.answer()
  }
})

test('held, nothing is handed over until it goes on', async () => {
  const { database, writer } = writers()
  writer.hold()
  writer.putSealed(key('a'), value(1))
  const flushed = writer.flush()
  await turn()
  expect(database.handedOver).toBe(0)
  writer.resume()
  await turn()
  database.answer()
  await flushed
})

describe('after one rejected write', () => {
  test('nothing is ever handed over again, in no shard, and every call says why', async () => {
    const { all, failures, failure } = writers({ count: 3, batchBytes: 100 })
    all[2]!.writer.hold()
    for (const { writer } of all) for (let row = 0; row < 5; row++) writer.putSealed(key(row), value(80))
    const flushes = all.map(({ writer }) => rejectionOf(writer.flush()))
    await turn()
    const disk = new Error('IO error: No space left on device')
    all[0]!.database.answer(disk)
    await turn()
    all[1]!.database.answer()
    for (const error of await Promise.all(flushes)) {
      expect(error).toMatchObject({ code: 'POISONED', kind: 'closed', details: { shard: 0 }, cause: disk })
    }
    all[2]!.writer.resume()
    for (const { writer, database } of all) {
      expect(() => writer.putSealed(key('late'), value(1))).toThrow(failure.error!)
      expect(() => writer.del(key('late'))).toThrow(failure.error!)
      expect(await rejectionOf(writer.flush())).toBe(failure.error)
      expect(await rejectionOf(writer.drained())).toBe(failure.error)
      await writer.close()
      expect(database.writing).toEqual([])
    }
    await turn()
    expect(all.map(({ database }) => database.handedOver)).toEqual([1, 1, 0])
    expect(failures).toEqual([failure.error])
  })

  test('a flush elsewhere rejects only when its own write has ended', async () => {
    const { all } = writers({ count: 2 })
    for (const { writer } of all) writer.putSealed(key('a'), value(1))
    void rejectionOf(all[0]!.writer.flush())
    let ended = false
    const flush = rejectionOf(all[1]!.writer.flush()).then(() => (ended = true))
    await turn()
    all[0]!.database.answer(new Error('first'))
    await turn()
    expect(ended).toBe(false)
    all[1]!.database.answer(new Error('second'))
    await flush
  })

  test('one that waits for its turn is not handed over any more', async () => {
    const { all } = writers({ count: 2, limit: 1 })
    for (const { writer } of all) writer.putSealed(key('a'), value(1))
    const flushes = all.map(({ writer }) => rejectionOf(writer.flush()))
    await turn()
    all[0]!.database.answer(new Error('disk'))
    expect(await Promise.all(flushes)).toMatchObject([{ code: 'POISONED' }, { code: 'POISONED' }])
    expect(all[1]!.database.handedOver).toBe(0)
  })
})

test('closing waits for the write under way and drops the rest', async () => {
  const { database, writer } = writers({ batchBytes: 100 })
  for (let row = 0; row < 4; row++) writer.putSealed(key(row), value(80))
  await turn()
  let closed = false
  const closing = writer.close().then(() => (closed = true))
  await turn()
  expect(closed).toBe(false)
  database.answer()
  await closing
  expect(database.handedOver).toBe(1)
  expect(database.droppedBatches).toBe(3)
})
