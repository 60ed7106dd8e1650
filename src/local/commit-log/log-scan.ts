import { join } from 'node:path'
import { ColumbaError } from '../../errors.js'
import { nextRecord } from '../../formats/frames.js'
import type { SegmentEnd, SegmentHeader } from '../../formats/segment.js'
import {
  decodeSegmentHeader,
  logStart,
  segmentHeaderBytes,
  segmentName,
  segmentNumber,
  segmentVersion,
} from '../../formats/segment.js'
import type { FileSystem } from '../../platform/file-system.js'
import type { ChunkPool } from './chunk-pool.js'
import type { DurableGroup } from './options.js'
import { readFully } from '../../platform/whole-transfers.js'
import { readRemainder, readSegment } from './segment-reader.js'

/** A segment as the log keeps it in its books: enough to know when it may go. */
export interface SegmentEntry {
  readonly number: number
  readonly lastPosition: number
  readonly bytes: number
}

export interface LogScan {
  /** Oldest first. */
  readonly segments: readonly SegmentEntry[]
  /** Where the last segment ends; `logStart` if there is none. */
  readonly end: SegmentEnd
  /** It ends as a log does that was closed, or there is none. */
  readonly endsClosed: boolean
  /** Bytes behind the end of the last segment that are not zero ahead. */
  readonly tornBytes: number
  readonly records: number
}

/** What a scan hands over, and how far the log has to reach. */
export interface WantedRecords {
  /** Nothing is wanted up to here, and the log must not end before. */
  readonly afterPosition: number
  /** Nor before this. */
  readonly storedThrough?: number
  /** Gets every record above `afterPosition`, in order. The next group waits for the promise. */
  onGroup(group: DurableGroup): Promise<void> | void
}

interface LogPlace {
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly storeId: Uint8Array
}

interface OpenedSegment {
  readonly path: string
  readonly size: number
  readonly header: SegmentHeader
}

/**
 * Reads the log and changes nothing. Rejects with CORRUPT, file and offset, if something is missing or damaged that
 * once was durable; damage that cannot be told from a torn write ends the log there.
 */
export async function scanLog(place: LogPlace, wanted: WantedRecords, pool: ChunkPool): Promise<LogScan> {
  const { afterPosition, storedThrough = 0 } = wanted
  const names = await place.fileSystem.list(place.directory)
  const numbers = names.map(segmentNumber).filter((number) => number !== null)
  const needed = await neededSegments(place, numbers, afterPosition)
  const entries = await unneededEntries(
    place,
    numbers.slice(0, numbers.length - needed.length),
    afterPosition,
  )
  let end = logStart
  let endsClosed = true
  let tornBytes = 0
  let records = 0
  for (const [index, segment] of needed.entries()) {
    const { header, path } = segment
    const following = needed[index + 1]?.header.previous
    const handle = await place.fileSystem.open(path, 'read')
    try {
      const limit = following?.validLength ?? segment.size
      const read = await readSegment(handle, header, limit, pool, (group) => {
        const rest = above(group, afterPosition)
        if (rest === null) return undefined
        records += rest.count
        return wanted.onGroup(rest)
      })
      if (following === undefined) {
        const remainder = await readRemainder(handle, header.epoch, read.end, segment.size)
        if (remainder.witness !== null) {
          throw corrupt(
            path,
            read.end,
            `a frame was durable here, as the one at ${remainder.witness} says, and is damaged`,
          )
        }
        tornBytes = remainder.bytes
        endsClosed = read.endsClosed && tornBytes === 0
      } else if (read.end !== following.validLength || read.lastPosition !== following.lastPosition) {
        throw corrupt(path, read.end, 'a frame is damaged or missing, and it is not the last segment')
      }
      end = {
        number: header.number,
        epoch: header.epoch,
        validLength: read.end,
        lastPosition: read.lastPosition,
      }
      entries.push({ number: header.number, lastPosition: read.lastPosition, bytes: read.end })
    } finally {
      await handle.close()
    }
  }
  if (end.lastPosition < Math.max(afterPosition, storedThrough)) {
    const last = join(place.directory, segmentName(end.number))
    const before =
      end.lastPosition < afterPosition ? 'the last checkpoint' : `${storedThrough}, which is stored elsewhere`
    throw corrupt(last, end.validLength, `the log ends at record ${end.lastPosition}, before ${before}`)
  }
  return { segments: entries, end, endsClosed, tornBytes, records }
}

/** From the one with the first record above `afterPosition` to the last, each checked against the one before it. */
async function neededSegments(
  place: LogPlace,
  numbers: number[],
  afterPosition: number,
): Promise<OpenedSegment[]> {
  const needed: OpenedSegment[] = []
  for (const number of numbers.toReversed()) {
    const following = needed[0]?.header
    if (following !== undefined && number !== following.previous.number) break
    const segment = await openSegment(place, number)
    if (following !== undefined && segment.header.epoch !== following.previous.epoch) {
      throw corrupt(segment.path, 0, 'the segment is not the one that the next segment follows')
    }
    needed.unshift(segment)
    if (segment.header.firstPosition <= afterPosition + 1) return needed
  }
  const first = needed[0]?.header
  if (first === undefined && afterPosition === 0) return needed
  const missing = join(place.directory, segmentName(first?.previous.number ?? 1))
  throw corrupt(missing, 0, `the segment is missing, and records above ${afterPosition} are in it`)
}

async function openSegment(place: LogPlace, number: number): Promise<OpenedSegment> {
  const path = join(place.directory, segmentName(number))
  const handle = await place.fileSystem.open(path, 'read')
  try {
    const bytes = Buffer.alloc(segmentHeaderBytes)
    const filled = await readFully(handle, bytes, 0)
    const header = decodeSegmentHeader(bytes.subarray(0, filled))
    if (header === null) throw corrupt(path, 0, 'the header of the segment is damaged')
    if (typeof header === 'number') {
      const message = `${path} has version ${header} of the log's format, this library reads ${segmentVersion}`
      throw new ColumbaError('INCOMPATIBLE', message, { file: path, version: header })
    }
    if (Buffer.compare(header.storeId, place.storeId) !== 0)
      throw corrupt(path, 0, 'the segment is of another store')
    if (header.number !== number)
      throw corrupt(path, 0, `the segment is number ${header.number} under another name`)
    return { path, header, size: await handle.size() }
  } finally {
    await handle.close()
  }
}

/** They wait for their removal only, whatever is in them. */
async function unneededEntries(
  place: LogPlace,
  numbers: number[],
  afterPosition: number,
): Promise<SegmentEntry[]> {
  const entries: SegmentEntry[] = []
  for (const number of numbers) {
    const found = await place.fileSystem.stat(join(place.directory, segmentName(number)))
    entries.push({ number, lastPosition: afterPosition, bytes: found?.size ?? 0 })
  }
  return entries
}

/** The records of a group above a position; null if there are none. */
function above(group: DurableGroup, afterPosition: number): DurableGroup | null {
  const passed = afterPosition - group.firstPosition + 1
  if (passed <= 0) return group
  if (passed >= group.count) return null
  let { start } = group
  for (let record = 0; record < passed; record++) start = nextRecord(group.chunk.bytes, start, group.end)
  return {
    chunk: group.chunk,
    start,
    end: group.end,
    firstPosition: afterPosition + 1,
    count: group.count - passed,
  }
}

function corrupt(file: string, offset: number, what: string): ColumbaError {
  return new ColumbaError('CORRUPT', `${file} at ${offset}: ${what}`, { file, offset })
}
