import { checksum } from '../../formats/checksum.js'
import type { LevelRow } from './level-rows.js'

/**
 * Files of a simulated LevelDB. They are simpler than the real ones and have the same weaknesses: tables have no
 * checksums that anybody looks at, and a damaged log loses what is near the damage without a word.
 */

/** What the database consists of. */
export interface LevelVersion {
  readonly tables: readonly number[]
  /** Logs below this number are in tables. */
  readonly logNumber: number
  readonly nextFile: number
}

const deleted = 0xffffffff

export function encodeRows(rows: Iterable<LevelRow>): Buffer {
  const all = [...rows]
  const bytes = Buffer.alloc(
    all.reduce((sum, [key, value]) => sum + 8 + key.length + (value?.length ?? 0), 0),
  )
  let at = 0
  for (const [key, value] of all) {
    bytes.writeUInt32LE(key.length, at)
    bytes.writeUInt32LE(value === null ? deleted : value.length, at + 4)
    at += 8
    at += bytes.write(key, at, 'latin1')
    if (value !== null) {
      bytes.set(value, at)
      at += value.length
    }
  }
  return bytes
}

/** Null for lengths that make no sense. */
export function decodeRows(bytes: Buffer): LevelRow[] | null {
  const rows: LevelRow[] = []
  for (let at = 0; at < bytes.length;) {
    if (at + 8 > bytes.length) return null
    const keyLength = bytes.readUInt32LE(at)
    const valueLength = bytes.readUInt32LE(at + 4)
    const keyEnd = at + 8 + keyLength
    const end = keyEnd + (valueLength === deleted ? 0 : valueLength)
    if (end > bytes.length) return null
    const value = valueLength === deleted ? null : Buffer.from(bytes.subarray(keyEnd, end))
    rows.push([bytes.toString('latin1', at + 8, keyEnd), value])
    at = end
  }
  return rows
}

const logMagic = 0x6c6f6721
const logHeaderBytes = 12

/** `sound` is false behind a failed write: the real log's blocks are out of step then, and reading drops them. */
export function encodeLogRecord(payload: Buffer, sound: boolean): Buffer {
  const record = Buffer.alloc(logHeaderBytes + payload.length)
  record.writeUInt32LE(logMagic, 0)
  record.writeUInt32LE(payload.length, 4)
  record.writeUInt32LE(sound ? checksum(payload) : ~checksum(payload) >>> 0, 8)
  record.set(payload, logHeaderBytes)
  return record
}

/** Every record that is whole, wherever it is: damage makes a hole, not an end. */
export function readLog(bytes: Buffer): LevelRow[][] {
  const batches: LevelRow[][] = []
  for (let at = 0; at + logHeaderBytes <= bytes.length;) {
    const end = at + logHeaderBytes + bytes.readUInt32LE(at + 4)
    if (bytes.readUInt32LE(at) === logMagic && end <= bytes.length) {
      const payload = bytes.subarray(at + logHeaderBytes, end)
      const rows = checksum(payload) === bytes.readUInt32LE(at + 8) ? decodeRows(payload) : null
      if (rows !== null) {
        batches.push(rows)
        at = end
        continue
      }
    }
    at++
  }
  return batches
}

/** One line each. */
export function encodeVersion(version: LevelVersion): Buffer {
  const text = JSON.stringify(version)
  return Buffer.from(`${checksum(Buffer.from(text)).toString(16).padStart(8, '0')} ${text}\n`)
}

/** The last version before the first line that is damaged; null if there is none. */
export function lastVersion(bytes: Buffer): LevelVersion | null {
  let last: LevelVersion | null = null
  for (const line of bytes.toString('latin1').split('\n')) {
    const text = line.slice(9)
    if (line.slice(0, 8) !== checksum(Buffer.from(text, 'latin1')).toString(16).padStart(8, '0')) break
    last = JSON.parse(text) as LevelVersion
  }
  return last
}

const numbered = (number: number, suffix: string): string => `${String(number).padStart(6, '0')}.${suffix}`

export const logName = (number: number): string => numbered(number, 'log')
export const tableName = (number: number): string => numbered(number, 'ldb')
export const pendingName = (number: number): string => numbered(number, 'dbtmp')
export const manifestName = (number: number): string => `MANIFEST-${String(number).padStart(6, '0')}`

/** The number in the name of a log, table, manifest or pending file. */
export function fileNumber(name: string): { readonly kind: string; readonly number: number } | null {
  const found = /^(?:(MANIFEST)-(\d+)|(\d+)\.(log|ldb|dbtmp))$/.exec(name)
  if (found === null) return null
  return { kind: found[1] ?? (found[4] as string), number: Number(found[2] ?? found[3]) }
}
