import { ByteReader } from '../../formats/bytes.js'
import { crc32c, masked } from './crc32c.js'
import type { DamagedRange } from './salvaged-file.js'
import type { LevelRow } from './level-table.js'

/**
 * Logs of LevelDB: `*.log` hold batches, `MANIFEST-*` the list of tables. Both are blocks of 32 KiB with records in them:
 *
 *     masked CRC-32C of kind and data u32 LE | length u16 LE | kind u8 (1 whole, 2 first, 3 middle, 4 last) | data
 *
 *     batch: sequence u64 LE | count u32 LE | per row: 1, key, value or 0, key (each behind its length as a varint)
 */
const blockBytes = 32_768
const headBytes = 7
const batchHeadBytes = 12
const kinds = { whole: 1, first: 2, last: 4 } as const

/**
 * The records that are whole, and what could not be read; zeroes were only filled in. A record that goes on beyond the end of
 * the file, and behind which no other begins, is one that a crash interrupted: LevelDB takes it for the end, and so it is here.
 */
function readLog(file: Buffer): { records: Buffer[]; damaged: DamagedRange[] } {
  const records: Buffer[] = []
  const damaged: DamagedRange[] = []
  /** Null outside of a record: its end alone is worth nothing. */
  let parts: Buffer[] | null = null
  for (let block = 0; block < file.length; block += blockBytes) {
    const end = Math.min(file.length, block + blockBytes)
    let at = block
    while (at + headBytes <= end) {
      const length = file.readUInt16LE(at + 4)
      const kind = file[at + 6] as number
      const next = at + headBytes + length
      if (kind === 0 && length === 0) break
      if (!isWhole(file, at, end)) {
        if (next > end && end < block + blockBytes && !isFollowed(file, at + headBytes, end)) break
        damaged.push({ offset: at, length: end - at })
        parts = null
        break
      }
      const data = file.subarray(at + headBytes, next)
      if (kind === kinds.whole || kind === kinds.first) parts = []
      parts?.push(data)
      if (parts !== null && (kind === kinds.whole || kind === kinds.last)) {
        records.push(Buffer.concat(parts))
        parts = null
      }
      at = next
    }
  }
  return { records, damaged }
}

/** Whether a record begins here that ends before `end` and whose checksum fits. */
function isWhole(file: Buffer, at: number, end: number): boolean {
  const next = at + headBytes + file.readUInt16LE(at + 4)
  return next <= end && masked(crc32c(file, at + 6, next)) === file.readUInt32LE(at)
}

/** Whether any whole record begins from here on: then what seems to go beyond the end of the file has a wrong length. */
function isFollowed(file: Buffer, from: number, end: number): boolean {
  for (let at = from; at + headBytes <= end; at++) {
    const kind = file[at + 6] as number
    if (kind >= kinds.whole && kind <= kinds.last && isWhole(file, at, end)) return true
  }
  return false
}

/** All values of a log of batches, also those that were deleted later. */
export function readBatches(file: Buffer): { rows: LevelRow[]; damaged: DamagedRange[] } {
  const { records, damaged } = readLog(file)
  const rows: LevelRow[] = []
  for (const record of records) {
    try {
      const r = new ByteReader(record, batchHeadBytes)
      while (r.left > 0) {
        const isValue = r.u8() === 1
        const key = r.raw(r.varint())
        if (isValue) rows.push([key, r.raw(r.varint())])
      }
    } catch {
      // The first part of a record was lost with its block, which is in `damaged`.
    }
  }
  return { rows, damaged }
}

/** Tags of a MANIFEST's records. Each is followed by varints, or by strings with their length before them. */
const tags = {
  comparator: 1,
  log: 2,
  next: 3,
  sequence: 4,
  compact: 5,
  deleted: 6,
  added: 7,
  previousLog: 9,
} as const

/** The numbers of the tables that make up the database; null if that cannot be told for sure. */
export function readTableList(file: Buffer): Set<number> | null {
  const { records, damaged } = readLog(file)
  if (damaged.length > 0 || records.length === 0) return null
  const live = new Set<number>()
  try {
    for (const record of records) {
      const r = new ByteReader(record)
      while (r.left > 0) takeEdit(r, live)
    }
  } catch {
    return null
  }
  return live
}

function takeEdit(r: ByteReader, live: Set<number>): void {
  switch (r.varint()) {
    case tags.comparator:
      r.raw(r.varint())
      break
    case tags.log:
    case tags.next:
    case tags.sequence:
    case tags.previousLog:
      r.varint()
      break
    case tags.compact:
      r.varint()
      r.raw(r.varint())
      break
    case tags.deleted:
      r.varint()
      live.delete(r.varint())
      break
    case tags.added:
      r.varint()
      live.add(r.varint())
      r.varint()
      r.raw(r.varint())
      r.raw(r.varint())
      break
    default:
      throw new RangeError('a list of tables has an unknown entry')
  }
}
