import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { isColumbaError } from '../../src/errors.js'
import { ChunkPool } from '../../src/local/commit-log/chunk-pool.js'
import type { LogScan } from '../../src/local/commit-log/log-scan.js'
import { scanLog } from '../../src/local/commit-log/log-scan.js'
import { emptyFrame, frameHeaderBytes, frameTypes, sealFrame } from '../../src/formats/frames.js'
import { decodeSegmentHeader, segmentHeaderBytes } from '../../src/formats/segment.js'
import { expected, logDirectory, openLog, recordsOf, storeId } from '../fixtures/log-harness.js'
import { MemoryFileSystem } from '../fixtures/memory-file-system.js'

const pool = new ChunkPool(4096, 1 << 20)
const path = (number: number): string => join(logDirectory, `segment-000000000${number}.log`)

interface Outcome {
  readonly records: [number, string][]
  readonly scan: LogScan | null
  readonly refused: { readonly file: string; readonly offset: number } | null
}

async function read(disk: MemoryFileSystem): Promise<Outcome> {
  const records: [number, string][] = []
  const onGroup = (group: Parameters<typeof recordsOf>[0]): void => {
    records.push(...recordsOf(group))
  }
  try {
    const place = { fileSystem: disk, directory: logDirectory, storeId }
    return { records, scan: await scanLog(place, { afterPosition: 0, onGroup }, pool), refused: null }
  } catch (error) {
    if (!isColumbaError(error, 'CORRUPT')) throw error
    return {
      records,
      scan: null,
      refused: { file: String(error.details['file']), offset: Number(error.details['offset']) },
    }
  }
}

/** Three segments of a few frames each, killed; with an idle frame at the end or without. */
async function threeSegments(idle: boolean): Promise<MemoryFileSystem> {
  const disk = new MemoryFileSystem()
  const { log, append, rest, clock } = await openLog(disk, { segmentBytes: 1024 })
  let position = 0
  while (log.stats.segments < 3 || log.stats.bytes < 2250) {
    for (let record = 0; record < 2; record++) append(`record ${++position}`.padEnd(12 + (position % 5) * 20))
    await rest()
  }
  clock.advance(idle ? 20 : 0)
  await rest()
  return disk.afterKill()
}

function ends(segment: Buffer): number[] {
  const offsets = [segmentHeaderBytes]
  for (let at = segmentHeaderBytes; at < segment.length;) {
    at += frameHeaderBytes + Math.ceil(segment.readUInt32LE(at + 12) / 8) * 8
    offsets.push(at)
  }
  return offsets
}

function lengthWithoutZeroes(bytes: Buffer): number {
  return bytes.findLastIndex((byte) => byte !== 0) + 1
}

describe.each([true, false])('a log of three segments (idle frame at its end: %s)', (idle) => {
  let disk: MemoryFileSystem
  let whole: Outcome
  let last: Buffer
  let lastFrames: number[]

  beforeAll(async () => {
    disk = await threeSegments(idle)
    whole = await read(disk)
    last = disk.content(path(3))
    lastFrames = ends(last)
  })

  test('is whole', () => {
    const { length } = whole.records
    expect(length).toBeGreaterThan(20)
    expect(whole.records.map(([position, text]) => [position, text.trim()])).toEqual([...expected(1, length)])
    expect(lastFrames.length).toBeGreaterThan(3)
  })

  /** How a damaged log was read: refused and where, or where it ends if what came before is right. */
  async function verdict(damaged: MemoryFileSystem): Promise<string> {
    const { records, refused, scan } = await read(damaged)
    if (!isDeepStrictEqual(records, whole.records.slice(0, records.length))) return 'wrong records'
    return refused === null
      ? `ends at ${scan?.end.validLength}`
      : `refused ${refused.file} at ${refused.offset}`
  }

  test('truncated at any length gives exactly a valid prefix, or is refused; refused in any segment but the last', async () => {
    const wrong: string[] = []
    for (const number of [1, 2, 3]) {
      const segment = disk.content(path(number))
      const frames = ends(segment)
      for (let length = 0; length < segment.length; length++) {
        const cut = disk.afterKill()
        cut.put(path(number), segment.subarray(0, length))
        const end = frames.findLast((offset) => offset <= length) ?? 0
        const right = number < 3 || end === 0 ? `refused ${path(number)} at ${end}` : `ends at ${end}`
        const found = await verdict(cut)
        if (found !== right) wrong.push(`${path(number)} cut at ${length}: ${found}, not ${right}`)
      }
    }
    expect(wrong).toEqual([])
  })

  test('with any one bit flipped is refused at the damaged frame, but for the last frame that none vouches for', async () => {
    const wrong: string[] = []
    for (const number of [1, 2, 3]) {
      const segment = disk.content(path(number))
      const frames = ends(segment)
      const vouched = number < 3 ? segment.length : frames.at(-2)!
      const damaged = disk.afterKill()
      const target = damaged.content(path(number))
      for (let bit = 0; bit < segment.length * 8; bit++) {
        const offset = bit >>> 3
        const frame = frames.findLast((start) => start <= offset) ?? 0
        const right = offset < vouched ? `refused ${path(number)} at ${frame}` : `ends at ${vouched}`
        target[offset]! ^= 1 << (bit & 7)
        const found = await verdict(damaged)
        target[offset]! ^= 1 << (bit & 7)
        if (found !== right) wrong.push(`bit ${bit} of ${path(number)}: ${found}, not ${right}`)
      }
    }
    expect(wrong).toEqual([])
  })

  test('loses records by a flipped bit only where no idle frame follows', async () => {
    const damaged = disk.afterKill()
    damaged.content(path(3))[lastFrames.at(-2)! + 5]! ^= 1
    const { records } = await read(damaged)
    expect(whole.records.length - records.length).toBe(idle ? 0 : 2)
  })

  test('with a segment missing is refused, but for the last, which nothing can prove', async () => {
    const verdicts: string[] = []
    for (const number of [1, 2, 3]) {
      const without = disk.afterKill()
      without.files.delete(path(number))
      verdicts.push(await verdict(without))
    }
    const second = disk.content(path(2)).length
    expect(verdicts).toEqual([`refused ${path(1)} at 0`, `refused ${path(2)} at 0`, `ends at ${second}`])
  })

  test('with a segment in the place of another one, or doubled, is refused', async () => {
    const accepted: string[] = []
    for (const number of [1, 2, 3]) {
      for (const other of [1, 2, 3, 4].filter((place) => place !== number)) {
        const doubled = disk.afterKill()
        doubled.put(path(other), disk.content(path(number)))
        if ((await read(doubled)).refused === null) accepted.push(`${number} as ${other}`)
      }
    }
    expect(accepted).toEqual([])
  })

  test('with a zeroed sector is refused where a later frame vouches, and cut where none does', async () => {
    const wrong: string[] = []
    for (let from = segmentHeaderBytes; from + 64 <= last.length; from += 8) {
      const zeroed = disk.afterKill()
      zeroed.put(path(3), Buffer.from(last).fill(0, from, from + 64))
      const frame = lastFrames.findLast((start) => start <= from) ?? 0
      const found = await verdict(zeroed)
      const right = lastFrames.at(-2)! >= from + 64 ? `refused ${path(3)} at ${frame}` : `ends at ${frame}`
      if (found !== right) wrong.push(`zeroes at ${from}: ${found}, not ${right}`)
    }
    expect(wrong).toEqual([])
  })

  test.each([
    ['old frames', () => last.subarray(segmentHeaderBytes)],
    ['zeroes', () => Buffer.alloc(100_000)],
    ['garbage', () => Buffer.from('garbage')],
    ['garbage far behind zeroes', () => Buffer.concat([Buffer.alloc(9000), Buffer.from('x')])],
  ] as const)('with %s behind its end is whole; what is not zero is kept aside', async (_name, make) => {
    const tail = make()
    const longer = disk.afterKill()
    longer.put(path(3), Buffer.concat([last, tail]))
    const opened = await openLog(longer)
    expect(opened.recovered.size).toBe(whole.records.length)
    const torn = tail.subarray(0, lengthWithoutZeroes(tail))
    const { tornBytes, tornFile } = opened.report
    expect(tornBytes).toBe(torn.length)
    expect(tornFile === null ? Buffer.alloc(0) : longer.content(tornFile)).toEqual(torn)
    expect(longer.content(path(3))).toEqual(last)
    await opened.log.close()
    expect((await read(longer)).records).toEqual(whole.records)
  })

  test('reopened after a cut at any length goes on behind it, and a second opening finds the same', async () => {
    for (let length = segmentHeaderBytes; length <= last.length; length += 3) {
      const cut = disk.afterKill()
      cut.put(path(3), last.subarray(0, length))
      const first = await openLog(cut)
      const next = first.report.lastPosition + 1
      first.append('new')
      await first.log.close()
      const second = await openLog(cut)
      expect([...second.recovered.keys()].at(-1)).toBe(next)
      expect(second.report.cleanShutdown).toBe(true)
      await second.log.close()
    }
  })
})

describe('the end of a log', () => {
  test('is not searched twice: a long torn tail is read once', async () => {
    const disk = await threeSegments(false)
    const last = disk.content(path(3))
    const tail = Buffer.alloc(3 * 1024 * 1024)
    for (let at = 0; at < tail.length; at += 8) tail.write('CBF1', at)
    disk.put(path(3), Buffer.concat([last, tail]))
    const before = disk.journal.length
    const { scan } = await read(disk)
    expect(scan?.tornBytes).toBe(tail.length - 4)
    expect(disk.journal.length - before).toBeLessThan(40)
  })

  test('a frame that was synced and lost is found missing by a later one in any part of the tail', async () => {
    const disk = await threeSegments(false)
    const last = disk.content(path(3))
    const header = decodeSegmentHeader(last.subarray(0, segmentHeaderBytes))
    if (header === null || typeof header === 'number') throw new Error('the header should be whole')
    const windowBytes = 1024 * 1024
    for (const distance of [
      8,
      4096,
      windowBytes - 48,
      windowBytes - 40,
      windowBytes - 32,
      windowBytes - 8,
      windowBytes,
    ]) {
      const offset = last.length + distance
      const idle = emptyFrame(header.epoch, {
        type: frameTypes.idle,
        offset,
        firstPosition: 999,
        syncedOffset: offset,
      })
      const longer = disk.afterKill()
      longer.put(path(3), Buffer.concat([last, Buffer.alloc(distance), idle]))
      expect((await read(longer)).refused).toEqual({ file: path(3), offset: last.length })
    }
  })

  test('a length that goes beyond the file takes no memory', async () => {
    const disk = await threeSegments(false)
    const last = disk.content(path(3))
    const header = decodeSegmentHeader(last.subarray(0, segmentHeaderBytes))
    if (header === null || typeof header === 'number') throw new Error('the header should be whole')
    const frame = Buffer.alloc(16 * 1024 * 1024 + frameHeaderBytes)
    sealFrame(frame, 0, header.epoch, {
      type: frameTypes.records,
      offset: last.length,
      payloadLength: 16 * 1024 * 1024,
      firstPosition: 1,
      count: 1,
      syncedOffset: last.length,
    })
    disk.put(path(3), Buffer.concat([last, frame.subarray(0, 5000)]))
    let taken = 0
    class CountingPool extends ChunkPool {
      override take(bytes: number): ReturnType<ChunkPool['take']> {
        taken = Math.max(taken, bytes)
        return super.take(bytes)
      }
    }
    const place = { fileSystem: disk, directory: logDirectory, storeId }
    await scanLog(place, { afterPosition: 0, onGroup: () => undefined }, new CountingPool(4096, 0))
    expect(taken).toBeLessThanOrEqual(4096)
  })
})
