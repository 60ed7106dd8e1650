import { describe, expect, test } from 'vitest'
import { segmentName } from '../../src/formats/segment.js'
import type { Chunk } from '../../src/local/commit-log/options.js'
import { appendMany, expected, logFile, openLog, recordsOf } from '../fixtures/log-harness.js'
import { MemoryFileSystem } from '../fixtures/memory-file-system.js'

const texts = (map: Map<number, string>): [number, string][] => [...map]

describe('group commit', () => {
  test('one wave is one write and one sync, acknowledged after it, in order', async () => {
    const disk = new MemoryFileSystem()
    const { log, append, rest, acknowledged, groups } = await openLog(disk)
    const before = disk.journal.length
    appendMany(append, 1, 50)
    expect(log.queuedRecords).toBe(50)
    expect(log.queuedBytes).toBeGreaterThan(500)
    expect(acknowledged.size).toBe(0)
    await rest()
    const segment = 'segment-0000000001.log'
    expect(disk.journal.slice(before)).toEqual([`write ${segment}`, `sync ${segment}`])
    expect(texts(acknowledged)).toEqual(texts(expected(1, 50)))
    // Told in two parts, so that one half of the callers works while the disk writes for the other.
    expect(groups.map(({ count }) => count)).toEqual([25, 25])
    expect([log.nextPosition, log.durablePosition, log.syncedPosition]).toEqual([51, 50, 50])
    expect([log.queuedRecords, log.queuedBytes]).toEqual([0, 0])
    await log.close()
  })

  test('callers that a group wakes make the next group together', async () => {
    const disk = new MemoryFileSystem()
    const waiting: (() => void)[] = []
    const opened = await openLog(disk, {
      onGroup: ({ count }) => {
        for (const wake of waiting.splice(0, count)) wake()
      },
    })
    const send = async (): Promise<void> => {
      opened.append('x')
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
    const client = async (): Promise<void> => {
      for (let call = 0; call < 5; call++) await send()
    }
    await Promise.all(Array.from({ length: 20 }, client))
    expect(opened.groups.map(({ count }) => count)).toEqual([20, 20, 20, 20, 20])
    await opened.log.close()
  })

  test('many callers fall into two groups that take turns with the disk', async () => {
    const disk = new MemoryFileSystem()
    const waiting: (() => void)[] = []
    let told = 0
    const { log, append } = await openLog(disk, {
      onGroup: ({ count }) => {
        told += count
        for (const wake of waiting.splice(0, count)) wake()
      },
    })
    const client = async (): Promise<void> => {
      for (let call = 0; call < 6; call++) {
        append('x')
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
    }
    await Promise.all(Array.from({ length: 200 }, client))
    expect(told).toBe(1200)
    const writes = disk.journal.filter((entry) => entry.startsWith('write segment-0000000001'))
    // 200 at first, then never more than half of them at a time.
    expect(writes.length).toBeGreaterThanOrEqual(10)
    await log.close()
  })

  test('nothing is acknowledged that a power cut could take', async () => {
    const disk = new MemoryFileSystem()
    const seen: number[] = []
    const { log, append, rest } = await openLog(disk, {
      onGroup: (group) => {
        const survives = disk.afterPowerCut().content(logFile('segment-0000000001.log'))
        for (const [position, text] of recordsOf(group)) {
          expect(survives.includes(text)).toBe(true)
          seen.push(position)
        }
      },
    })
    appendMany(append, 1, 30)
    await rest()
    appendMany(append, 31, 60)
    await rest()
    expect(seen).toHaveLength(60)
    await log.close()
  })

  test('a record larger than a chunk gets one of its own; one larger than a frame is refused and harms nothing', async () => {
    const disk = new MemoryFileSystem()
    const { log, append, rest } = await openLog(disk)
    const large = 'ä'.repeat(9000)
    append('before')
    append(large)
    append('behind')
    expect(() => log.reserve(16 * 1024 * 1024)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }))
    append('at last')
    await rest()
    await log.close()
    const again = await openLog(disk)
    expect([...again.recovered.values()]).toEqual(['before', large, 'behind', 'at last'])
    await again.log.close()
  })

  test('a reserved record may become shorter, empty, or nothing', async () => {
    const disk = new MemoryFileSystem()
    const { log, append, rest, acknowledged } = await openLog(disk)
    log.reserve(100)
    const at = log.reserve(100)
    expect(log.append(at)).toBe(1)
    append('second')
    expect(() => log.append(1)).toThrow(RangeError)
    await rest()
    expect([...acknowledged.values()]).toEqual(['', 'second'])
    await log.close()
  })

  test('a chunk that is retained keeps its bytes, and one that is released is used again', async () => {
    const disk = new MemoryFileSystem()
    const kept: Chunk[] = []
    const { log, append, rest, groups } = await openLog(disk, {
      onGroup: ({ chunk }) => {
        chunk.retain()
        kept.push(chunk)
      },
    })
    for (let round = 0; round < 40; round++) {
      append(`round ${round} `.repeat(30))
      await rest()
    }
    for (const [round, group] of groups.entries())
      expect(recordsOf(group)[0]?.[1]).toContain(`round ${round} `)
    expect(new Set(kept.map(({ bytes }) => bytes)).size).toBeGreaterThan(2)
    for (const chunk of kept) chunk.release()
    const before = new Set(kept.map(({ bytes }) => bytes))
    for (let round = 0; round < 20; round++) {
      append('x'.repeat(300))
      await rest()
    }
    expect(kept.slice(40).every(({ bytes }) => before.has(bytes))).toBe(true)
    await log.close()
  })
})

describe('durability modes', () => {
  test('every n ms: acknowledged when written, synced when the time has come', async () => {
    const disk = new MemoryFileSystem()
    const { log, append, rest, clock } = await openLog(disk, { durability: { syncEveryMs: 50 } })
    append('record 1')
    await rest()
    expect([log.durablePosition, log.syncedPosition, log.stats.syncs]).toEqual([1, 0, 0])
    clock.advance(49)
    await rest()
    expect(log.syncedPosition).toBe(0)
    clock.advance(1)
    await rest()
    expect([log.syncedPosition, log.stats.syncs]).toEqual([1, 1])
    append('record 2')
    await log.syncThrough(2)
    expect([log.syncedPosition, log.stats.syncs]).toEqual([2, 2])
    await log.close()
    expect(clock.timers).toBe(0)
  })

  test('every n ms under load that never pauses', async () => {
    const disk = new MemoryFileSystem()
    const opened = await openLog(disk, {
      durability: { syncEveryMs: 5 },
      onGroup: () => opened.clock.advance(1),
    })
    for (let position = 1; position <= 60; position++) {
      opened.append(`record ${position}`)
      await opened.clock.yield()
    }
    await opened.rest()
    expect(opened.log.stats.syncs).toBeGreaterThan(5)
    await opened.log.close()
  })

  test('left to the system: synced only when asked, at rotation, and by close', async () => {
    const disk = new MemoryFileSystem()
    const { log, append, rest, clock } = await openLog(disk, { durability: { syncEveryMs: Infinity } })
    appendMany(append, 1, 20)
    await rest()
    clock.advance(1e6)
    await rest()
    expect([log.durablePosition, log.syncedPosition]).toEqual([20, 0])
    await log.syncThrough(Infinity)
    expect(log.syncedPosition).toBe(20)
    appendMany(append, 21, 30)
    await log.close()
    const again = await openLog(disk.afterPowerCut())
    expect(again.recovered.size).toBe(30)
    await again.log.close()
  })
})

test('a frame states as synced only what is: damage in what was never synced is a torn write', async () => {
  const disk = new MemoryFileSystem()
  const { appendEach } = await openLog(disk, { durability: { syncEveryMs: Infinity } })
  await appendEach(1, 5)
  const killed = disk.afterKill()
  killed.content(logFile(segmentName(1)))[70]! ^= 1
  const again = await openLog(killed)
  expect(again.report).toMatchObject({ records: 0, cleanShutdown: false })
  expect(again.report.tornBytes).toBeGreaterThan(200)
  await again.log.close()
})

describe('pause and resume', () => {
  test('nothing is written while paused, but for what a sync or close waits for', async () => {
    const disk = new MemoryFileSystem()
    const { log, append, rest, acknowledged } = await openLog(disk)
    log.pause()
    appendMany(append, 1, 5)
    await rest()
    expect([acknowledged.size, log.queuedRecords]).toEqual([0, 5])
    await log.syncThrough(5)
    expect(acknowledged.size).toBe(5)
    appendMany(append, 6, 9)
    await rest()
    expect(acknowledged.size).toBe(5)
    log.resume()
    await rest()
    expect(acknowledged.size).toBe(9)
    log.pause()
    append('record 10')
    await log.close()
    expect(texts(acknowledged)).toEqual(texts(expected(1, 10)))
  })
})

describe('close', () => {
  test('drains, marks, releases; is idempotent; then everything is refused', async () => {
    const disk = new MemoryFileSystem()
    const { log, append, acknowledged } = await openLog(disk)
    appendMany(append, 1, 300)
    const first = log.close()
    expect(() => log.reserve(1)).toThrow(expect.objectContaining({ code: 'CLOSED' }))
    expect(log.close()).toBe(first)
    await first
    expect(acknowledged.size).toBe(300)
    expect(disk.openHandles).toBe(0)
    await expect(log.syncThrough(300)).resolves.toBeUndefined()
    const again = await openLog(disk)
    expect(again.report.cleanShutdown).toBe(true)
    await again.log.close()
  })

  test.each([1, 2, 3, 4, 5, 6])('in the middle of anything (%i turns after the append)', async (turns) => {
    const disk = new MemoryFileSystem()
    const { log, append, clock } = await openLog(disk, { segmentBytes: 1024, preallocate: true })
    for (let round = 0; round < 10; round++) {
      appendMany(append, round * 20 + 1, round * 20 + 20)
      for (let turn = 0; turn < turns; turn++) await clock.yield()
    }
    await log.close()
    expect(disk.openHandles).toBe(0)
    const again = await openLog(disk)
    expect(texts(again.recovered)).toEqual(texts(expected(1, 200)))
    await again.log.close()
  })
})

describe('the idle frame', () => {
  test('comes once after a pause, without a sync, and says what was synced', async () => {
    const disk = new MemoryFileSystem()
    const { append, rest, clock } = await openLog(disk)
    appendMany(append, 1, 3)
    await rest()
    const before = disk.journal.length
    for (let pause = 0; pause < 5; pause++) {
      clock.advance(20)
      await rest()
    }
    expect(disk.journal.slice(before)).toEqual(['write segment-0000000001.log'])
    const killed = disk.afterKill()
    const segment = killed.content(logFile('segment-0000000001.log'))
    segment[70]! ^= 1
    await expect(openLog(killed)).rejects.toMatchObject({ code: 'CORRUPT', details: { offset: 64 } })
  })
  test('behind it, what is acknowledged survives a power cut, which may take the idle frame itself', async () => {
    const disk = new MemoryFileSystem()
    const { append, rest, clock, acknowledged } = await openLog(disk)
    appendMany(append, 1, 3)
    await rest()
    clock.advance(20)
    await rest()
    appendMany(append, 4, 6)
    await rest()
    appendMany(append, 7, 9)
    await rest()
    expect(texts(acknowledged)).toEqual(texts(expected(1, 9)))
    const again = await openLog(disk.afterPowerCut())
    expect(texts(again.recovered)).toEqual(texts(expected(1, 9)))
    await again.log.close()
  })
})
