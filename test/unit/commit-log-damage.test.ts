import { join } from 'node:path'
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
  readonly refused: { readonly file: unknown; readonly offset: unknown } | null
}

async function read(disk: MemoryFileSystem): Promise<Outcome> {
  const records: [number, string][] = []
  const onRecovered = (group: Parameters<typeof recordsOf>[0]): void => {
    records.push(...recordsOf(group))
  }
  try {
    const place = { fileSystem: disk, directory: logDirectory, storeId }
    return { records, scan: await scanLog(place, { afterPosition: 0, onRecovered }, pool), refused: null }
  } catch (error) {
    if (!isColumbaError(error, 'CORRUPT')) throw error
    return { records, scan: null, refused: { file: error.details['file'], offset: error.details['offset'] } }
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

  test('truncated at any length gives exactly a valid prefix, or is refused; refused in any segment but the last', async () => {
    for (const number of [1, 2, 3]) {
      const segment = disk.content(path(number))
      for (let length = 0; length < segment.length; length++) {
        const cut = disk.afterKill()
        cut.put(path(number), segment.subarray(0, length))
        const { records, refused, scan } = await read(cut)
        const where = `segment ${number} at ${length}`
        expect(records, where).toEqual(whole.records.slice(0, records.length))
        if (number < 3 || length < segmentHeaderBytes) {
          expect(refused?.file, where).toBe(path(number))
          expect(refused?.offset, where).toBeLessThanOrEqual(length)
        } else {
          const end = lastFrames.findLast((offset) => offset <= length)
          expect(scan?.end.validLength, where).toBe(end)
          expect(refused, where).toBeNull()
        }
      }
    }
  })

  test('with any one bit flipped is refused at the damaged frame, but for the last frame that none vouches for', async () => {
    let unprovable = 0
    let lost = 0
    for (const number of [1, 2, 3]) {
      const segment = disk.content(path(number))
      const frames = ends(segment)
      const vouched = number < 3 ? segment.length : frames.at(-2)!
      const damaged = disk.afterKill()
      const bytes = Buffer.from(segment)
      damaged.put(path(number), bytes)
      const target = damaged.content(path(number))
      for (let bit = 0; bit < segment.length * 8; bit++) {
        const offset = bit >>> 3
        target[offset]! ^= 1 << (bit & 7)
        const { records, refused, scan } = await read(damaged)
        target[offset]! ^= 1 << (bit & 7)
        if (offset < vouched) {
          const start = offset < segmentHeaderBytes ? 0 : frames.findLast((frame) => frame <= offset)
          if (refused?.file !== path(number) || refused.offset !== start) {
            expect.fail(`bit ${bit} of segment ${number}: ${JSON.stringify(refused)}`)
          }
        } else {
          unprovable += 1
          lost += records.length < whole.records.length ? 1 : 0
          expect(refused).toBeNull()
          expect(scan?.tornBytes).toBeGreaterThan(0)
          expect(records).toEqual(whole.records.slice(0, records.length))
        }
      }
    }
    expect(unprovable).toBe((last.length - lastFrames.at(-2)!) * 8)
    expect(lost).toBe(idle ? 0 : unprovable)
  })

  test('with any segment missing, doubled, swapped or emptied is refused, but for what nothing can prove', async () => {
    for (const number of [1, 2, 3]) {
      const without = disk.afterKill()
      without.files.delete(path(number))
      const { refused, records } = await read(without)
      if (number < 3) expect(refused?.file).toBe(path(number))
      else expect(records).toEqual(whole.records.slice(0, records.length))
      for (const other of [1, 2, 3, 4]) {
        if (other === number) continue
        const doubled = disk.afterKill()
        doubled.put(path(other), disk.content(path(number)))
        expect((await read(doubled)).refused, `${number} as ${other}`).not.toBeNull()
      }
    }
  })

  test('with a zeroed sector: refused where a later frame vouches, cut where none does', async () => {
    for (let from = segmentHeaderBytes; from + 64 <= last.length; from += 8) {
      const zeroed = disk.afterKill()
      const bytes = Buffer.from(last).fill(0, from, from + 64)
      zeroed.put(path(3), bytes)
      const { refused, records } = await read(zeroed)
      if (bytes.equals(last)) continue
      const hasWitness = lastFrames.at(-2)! >= from + 64
      expect(refused === null, `zeroes at ${from}`).toBe(!hasWitness)
      expect(records).toEqual(whole.records.slice(0, records.length))
    }
  })

  test('with anything behind its end: old frames are dead, zeroes are nothing, the rest is kept aside', async () => {
    const tails: [string, Buffer, number][] = [
      ['old frames', last.subarray(segmentHeaderBytes), lengthWithoutZeroes(last) - segmentHeaderBytes],
      ['zeroes', Buffer.alloc(100_000), 0],
      ['garbage', Buffer.from('garbage'), 7],
      ['garbage far behind zeroes', Buffer.concat([Buffer.alloc(9000), Buffer.from('x')]), 9001],
    ]
    for (const [name, tail, tornBytes] of tails) {
      const longer = disk.afterKill()
      longer.put(path(3), Buffer.concat([last, tail]))
      const opened = await openLog(longer)
      expect(opened.recovered.size, name).toBe(whole.records.length)
      expect(opened.report.tornBytes, name).toBe(tornBytes)
      if (opened.report.tornFile !== null) {
        expect(longer.content(opened.report.tornFile), name).toEqual(tail.subarray(0, tornBytes))
      }
      expect(longer.content(path(3)), name).toEqual(last)
      await opened.log.close()
      expect((await read(longer)).records, name).toEqual(whole.records)
    }
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
      expect((await read(longer)).refused, `${distance}`).toEqual({ file: path(3), offset: last.length })
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
    await scanLog(place, { afterPosition: 0, onRecovered: () => undefined }, new CountingPool(4096, 0))
    expect(taken).toBeLessThanOrEqual(4096)
  })
})
