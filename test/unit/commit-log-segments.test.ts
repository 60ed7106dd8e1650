import { describe, expect, test } from 'vitest'
import { frameHeaderBytes } from '../../src/formats/frames.js'
import { segmentName } from '../../src/formats/segment.js'
import type { DurableGroup } from '../../src/local/commit-log/options.js'
import { interferedFileSystem } from '../fixtures/failing-file-system.js'
import { appendMany, expected, logFile, openLog, recordsOf } from '../fixtures/log-harness.js'
import { failure, MemoryFileSystem } from '../fixtures/memory-file-system.js'

const texts = (map: Map<number, string>): [number, string][] => [...map]

describe('segments', () => {
  const small = { segmentBytes: 1024 }

  test.each([false, true])('rotate, and hold one log together (zeroes ahead: %s)', async (preallocate) => {
    const disk = new MemoryFileSystem()
    const { log, acknowledged, appendEach } = await openLog(disk, { ...small, preallocate })
    await appendEach(1, 100)
    expect(texts(acknowledged)).toEqual(texts(expected(1, 100)))
    expect(log.stats.segments).toBeGreaterThan(4)
    expect(log.stats.rotations).toBe(log.stats.segments - 1)
    await log.close()
    expect(disk.openHandles).toBe(0)
    expect(disk.files.has(logFile('next.log'))).toBe(false)
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
    const { log, appendEach } = await openLog(disk, { ...small, preallocate })
    await appendEach(1, 40)
    await log.close()
    const lengths = [...disk.files.values()].map(({ content }) => content.length)
    expect(lengths.length).toBeGreaterThan(2)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(1024 + frameHeaderBytes)
  })

  test('begin when the one before is synced, and are written to when their name is', async () => {
    const disk = new MemoryFileSystem()
    const { log, appendEach } = await openLog(disk, { ...small, durability: { syncEveryMs: Infinity } })
    await appendEach(1, 40)
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
    const { log, appendEach } = await openLog(fullAhead, { ...small, preallocate: true })
    const opened = disk.journal.length
    isFull = true
    await appendEach(1, 1)
    isFull = false
    await appendEach(2, 60)
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
      const { log, appendEach } = await openLog(disk, { ...small, preallocate })
      await appendEach(1, 40)
      const { segments } = log.stats
      await log.close(40)
      expect([...disk.files.keys()]).toEqual([logFile(segmentName(segments + 1))])
      expect(disk.openHandles).toBe(0)
      const again = await openLog(disk, { ...small, preallocate, afterPosition: 40 })
      expect(again.report).toMatchObject({ cleanShutdown: true, records: 0, lastPosition: 40 })
      expect(again.append('record 41')).toBe(41)
      await again.log.close()
    },
  )

  test('a log that is closed with a record above the checkpoint keeps it', async () => {
    const disk = new MemoryFileSystem()
    const { log, appendEach } = await openLog(disk, small)
    await appendEach(1, 40)
    await log.close(39)
    const again = await openLog(disk, { ...small, afterPosition: 39 })
    expect(texts(again.recovered)).toEqual(texts(expected(40, 40)))
    await again.log.close()
  })

  test('go when nobody needs their records, the oldest first, the present one never', async () => {
    const disk = new MemoryFileSystem()
    const { log, appendEach } = await openLog(disk, small)
    await appendEach(1, 60)
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
    const found = killed.files.get(logFile('segment-0000000001.log'))
    const again = await openLog(killed)
    expect(again.report).toMatchObject({ cleanShutdown: false, records: 10, tornBytes: 0, tornFile: null })
    expect(killed.files.get(logFile('segment-0000000001.log'))).not.toBe(found)
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
    const { appendEach } = await openLog(disk)
    await appendEach(1, 3)
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
    const { log, appendEach } = await openLog(disk)
    await appendEach(1, 3)
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
