import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { frameHeaderBytes } from '../../src/formats/frames.js'
import { segmentName } from '../../src/formats/segment.js'
import type { Chunk, DurableGroup } from '../../src/local/commit-log/options.js'
import { interferedFileSystem } from '../fixtures/failing-file-system.js'
import { expected, logDirectory, openLog, recordsOf } from '../fixtures/log-harness.js'
import { failure, MemoryFileSystem } from '../fixtures/memory-file-system.js'

const file = (name: string): string => join(logDirectory, name)
const texts = (map: Map<number, string>): [number, string][] => [...map]

function appendMany(append: (text: string) => number, from: number, to: number): void {
  for (let position = from; position <= to; position++) expect(append(`record ${position}`)).toBe(position)
}

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
        const survives = disk.afterPowerCut().content(file('segment-0000000001.log'))
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

describe('segments', () => {
  const small = { segmentBytes: 1024 }

  test.each([false, true])('rotate, and hold one log together (zeroes ahead: %s)', async (preallocate) => {
    const disk = new MemoryFileSystem()
    const { log, append, rest, acknowledged } = await openLog(disk, { ...small, preallocate })
    for (let position = 1; position <= 100; position++) {
      append(`record ${position}`)
      await rest()
    }
    expect(texts(acknowledged)).toEqual(texts(expected(1, 100)))
    expect(log.stats.segments).toBeGreaterThan(4)
    expect(log.stats.rotations).toBe(log.stats.segments - 1)
    await log.close()
    expect(disk.openHandles).toBe(0)
    expect(disk.files.has(file('next.log'))).toBe(false)
    const again = await openLog(disk, { ...small, preallocate })
    expect(texts(again.recovered)).toEqual(texts(expected(1, 100)))
    expect(again.report).toMatchObject({
      cleanShutdown: true,
      records: 100,
      lastPosition: 100,
      tornBytes: 0,
      tornFile: null,
    })
    await again.log.close()
  })

  test.each([false, true])('end behind their last frame (zeroes ahead: %s)', async (preallocate) => {
    const disk = new MemoryFileSystem()
    const { log, append, rest } = await openLog(disk, { ...small, preallocate })
    for (let position = 1; position <= 40; position++) {
      append(`record ${position}`)
      await rest()
    }
    await log.close()
    const lengths = [...disk.files.values()].map(({ content }) => content.length)
    expect(lengths.length).toBeGreaterThan(2)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(1024 + frameHeaderBytes)
  })

  test('begin when the one before is synced, and are written to when their name is', async () => {
    const disk = new MemoryFileSystem()
    const { log, append, rest } = await openLog(disk, { ...small, durability: { syncEveryMs: Infinity } })
    for (let position = 1; position <= 40; position++) {
      append(`record ${position}`)
      await rest()
    }
    const rotation = disk.journal.findLastIndex((line) => line === 'rename next.log')
    const { segments } = log.stats
    const steps = disk.journal.slice(rotation - 4, rotation + 5)
    expect(steps).toEqual([
      `sync ${segmentName(segments - 1)}`,
      'open next.log',
      'write next.log',
      'sync next.log',
      'rename next.log',
      'syncDirectory log',
      `truncate ${segmentName(segments - 1)}`,
      `close ${segmentName(segments - 1)}`,
      `write ${segmentName(segments)}`,
    ])
    await log.close()
  })

  test('are filled ahead again when a disk that was full for a while has room', async () => {
    const disk = new MemoryFileSystem()
    let isFull = false
    const fullAhead = interferedFileSystem(disk, {
      before: (operation, path) => {
        if (isFull && operation === 'open' && path.endsWith('next.log')) throw failure('ENOSPC', path)
      },
    })
    const { log, append, rest } = await openLog(fullAhead, { ...small, preallocate: true })
    const opened = disk.journal.length
    isFull = true
    append('record 1')
    await rest()
    isFull = false
    for (let position = 2; position <= 60; position++) {
      append(`record ${position}`)
      await rest()
    }
    expect(log.stats.rotations).toBeGreaterThan(3)
    const steps = disk.journal.slice(opened)
    const count = (step: string): number => steps.filter((one) => one === step).length
    // Zeroes and a header; the first one has only the header.
    expect(count('write next.log')).toBeGreaterThanOrEqual(2 * count('rename next.log') - 1)
    await log.close()
  })

  test.each([false, true])(
    'a log that is closed with nothing above the checkpoint is left empty (zeroes ahead: %s)',
    async (preallocate) => {
      const disk = new MemoryFileSystem()
      const { log, append, rest } = await openLog(disk, { ...small, preallocate })
      for (let position = 1; position <= 40; position++) {
        append(`record ${position}`)
        await rest()
      }
      const { segments } = log.stats
      await log.close(40)
      expect([...disk.files.keys()]).toEqual([file(segmentName(segments + 1))])
      expect(disk.openHandles).toBe(0)
      const again = await openLog(disk, { ...small, preallocate, afterPosition: 40 })
      expect(again.report).toMatchObject({ cleanShutdown: true, records: 0, lastPosition: 40 })
      expect(again.append('record 41')).toBe(41)
      await again.log.close()
    },
  )

  test('a log that is closed with a record above the checkpoint keeps it', async () => {
    const disk = new MemoryFileSystem()
    const { log, append, rest } = await openLog(disk, small)
    for (let position = 1; position <= 40; position++) {
      append(`record ${position}`)
      await rest()
    }
    await log.close(39)
    const again = await openLog(disk, { ...small, afterPosition: 39 })
    expect(texts(again.recovered)).toEqual(texts(expected(40, 40)))
    await again.log.close()
  })

  test('go when nobody needs their records, the oldest first, the present one never', async () => {
    const disk = new MemoryFileSystem()
    const { log, append, rest } = await openLog(disk, small)
    for (let position = 1; position <= 60; position++) {
      append(`record ${position}`)
      await rest()
    }
    const { segments } = log.stats
    await log.removeThrough(30)
    const left = log.stats.segments
    expect(left).toBeLessThan(segments)
    const unlinked = disk.journal.filter((line) => line.startsWith('unlink'))
    expect(unlinked).toEqual(unlinked.toSorted())
    expect(disk.journal.at(-1)).toBe('syncDirectory log')
    await log.removeThrough(Number.MAX_SAFE_INTEGER)
    expect(log.stats.segments).toBe(1)
    await log.close()
    const again = await openLog(disk, { ...small, afterPosition: 60 })
    expect(again.recovered.size).toBe(0)
    expect(again.append('record 61')).toBe(61)
    await again.log.close()
    await expect(openLog(disk, small)).rejects.toMatchObject({ code: 'CORRUPT' })
  })
})

describe('reopening', () => {
  test('goes on with the positions, over many openings, and never appends to an old segment', async () => {
    const disk = new MemoryFileSystem()
    for (let round = 0; round < 5; round++) {
      const { log, append, rest, recovered, report } = await openLog(disk)
      expect(texts(recovered)).toEqual(texts(expected(1, round * 10)))
      expect(report).toMatchObject({ cleanShutdown: true, segments: round })
      appendMany(append, round * 10 + 1, round * 10 + 10)
      await rest()
      await log.close()
    }
    expect(disk.files.size).toBe(5)
  })

  test('hands over exactly the records above the checkpoint, wherever it lies', async () => {
    const disk = new MemoryFileSystem()
    const { log, append, rest } = await openLog(disk, { segmentBytes: 1024 })
    for (let round = 0; round < 12; round++) {
      appendMany(append, round * 5 + 1, round * 5 + 5)
      await rest()
    }
    await log.close()
    for (let afterPosition = 0; afterPosition <= 60; afterPosition++) {
      const again = await openLog(disk.afterKill(), { afterPosition })
      expect(texts(again.recovered)).toEqual(texts(expected(afterPosition + 1, 60)))
      expect(again.report.records).toBe(60 - afterPosition)
      await again.log.close()
    }
    await expect(openLog(disk.afterKill(), { afterPosition: 61 })).rejects.toMatchObject({ code: 'CORRUPT' })
  })

  test('after a kill copies the last segment into a new file, and says that the end was not clean', async () => {
    const disk = new MemoryFileSystem()
    const { append, rest } = await openLog(disk)
    appendMany(append, 1, 10)
    await rest()
    const killed = disk.afterKill()
    const found = killed.files.get(file('segment-0000000001.log'))
    const again = await openLog(killed)
    expect(again.report).toMatchObject({ cleanShutdown: false, records: 10, tornBytes: 0, tornFile: null })
    expect(killed.files.get(file('segment-0000000001.log'))).not.toBe(found)
    const order = killed.journal.filter((line) => /sync |rename|syncDirectory/.test(line)).slice(0, 3)
    expect(order).toEqual([
      'sync segment-0000000001.log.copy',
      'rename segment-0000000001.log.copy',
      'syncDirectory log',
    ])
    await again.log.close()
  })

  test('hands nothing over before the end of the log is on the disk', async () => {
    const disk = new MemoryFileSystem()
    const { append, rest } = await openLog(disk)
    appendMany(append, 1, 10)
    await rest()
    const killed = disk.afterKill()
    const before: string[][] = []
    const onRecovered = (): void => {
      before.push([...killed.journal])
    }
    await (await openLog(killed, { onRecovered })).log.close()
    expect(before.length).toBeGreaterThan(0)
    const order = before[0]?.filter((line) => /sync |rename|syncDirectory/.test(line))
    expect(order).toEqual([
      'sync segment-0000000001.log.copy',
      'rename segment-0000000001.log.copy',
      'syncDirectory log',
    ])
  })

  test('shows everything before the end of the log is on the disk, and hands over only what it is asked for', async () => {
    const disk = new MemoryFileSystem()
    const { append, rest } = await openLog(disk)
    for (let round = 1; round <= 3; round++) {
      append(`record ${round}`)
      await rest()
    }
    const killed = disk.afterKill()
    const found: number[] = []
    const renamed = (): boolean => killed.journal.includes('rename segment-0000000001.log.copy')
    const onFound = (group: DurableGroup): void => {
      expect(renamed()).toBe(false)
      found.push(...recordsOf(group).map(([position]) => position))
    }
    const onSettled = (): number => {
      expect(renamed()).toBe(true)
      return 2
    }
    const again = await openLog(killed, { onFound, onSettled })
    expect(found).toEqual([1, 2, 3])
    expect([...again.recovered.keys()]).toEqual([3])
    expect(again.report).toMatchObject({ records: 3, lastPosition: 3, segments: 1 })
    await again.log.close()
    expect(killed.openHandles).toBe(0)
  })

  test('writes the end anew also of a log that looks closed, unless closing is known to have succeeded', async () => {
    const disk = new MemoryFileSystem()
    const { log, append, rest } = await openLog(disk)
    appendMany(append, 1, 10)
    await rest()
    await log.close()
    for (const closeSucceeded of [true, false]) {
      const found = disk.afterKill()
      const again = await openLog(found, { closeSucceeded })
      expect(again.report).toMatchObject({ cleanShutdown: true, records: 10 })
      const renamed = found.journal.filter((line) => line === 'rename segment-0000000001.log.copy')
      expect(renamed.length).toBe(closeSucceeded ? 0 : 1)
      await again.log.close()
    }
  })

  test('hands groups over one at a time, and passes on what goes wrong there', async () => {
    const disk = new MemoryFileSystem()
    const { log, append, rest } = await openLog(disk)
    for (let round = 1; round <= 3; round++) {
      append(`record ${round}`)
      await rest()
    }
    await log.close()
    let running = 0
    const onRecovered = async (): Promise<void> => {
      running += 1
      expect(running).toBe(1)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
    }
    await (await openLog(disk, { onRecovered })).log.close()
    const boom = new Error('boom')
    await expect(openLog(disk, { onRecovered: () => Promise.reject(boom) })).rejects.toBe(boom)
    expect(disk.openHandles).toBe(0)
  })

  test('refuses a log of another store', async () => {
    const disk = new MemoryFileSystem()
    await (await openLog(disk)).log.close()
    await expect(openLog(disk.afterKill(), { storeId: new Uint8Array(16) })).rejects.toMatchObject({
      code: 'CORRUPT',
    })
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
  const { append, rest } = await openLog(disk, { durability: { syncEveryMs: Infinity } })
  for (let position = 1; position <= 5; position++) {
    append(`record ${position}`)
    await rest()
  }
  const killed = disk.afterKill()
  killed.content(file(segmentName(1)))[70]! ^= 1
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
    const segment = killed.content(file('segment-0000000001.log'))
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
