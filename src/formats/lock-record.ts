/** What `LOCK.json` says: who has the store open. Plain JSON, so that a person can read it too. */
export interface LockRecord {
  readonly pid: number
  readonly startTime: string | null
  readonly bootId: string | null
  readonly pidNamespace: string | null
  readonly hostname: string
  /** 0 is the main thread. */
  readonly thread: number
  /** Epoch milliseconds. */
  readonly since: number
  /** 16 hexadecimal digits, another one for each opening. */
  readonly nonce: string
}

export const lockName = 'LOCK.json'
export const claimName = (nonce: string): string => `LOCK.claim-${nonce}.json`
export const isClaimName = (name: string): boolean => /^LOCK\.claim-[0-9a-f]{16}\.json$/.test(name)
/** A claim, or a lock that is given back, before it has been written to its end. */
export const unfinishedName = (nonce: string): string => `LOCK.claim-${nonce}.new`
export const isUnfinishedName = (name: string): boolean => /^LOCK\.claim-[0-9a-f]{16}\.new$/.test(name)

export const encodeLockRecord = (record: LockRecord): Buffer =>
  Buffer.from(`${JSON.stringify(record, null, 2)}\n`)

/** Null for what is no such record. */
export function decodeLockRecord(bytes: Uint8Array): LockRecord | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString())
    return isLockRecord(value) ? value : null
  } catch {
    return null
  }
}

const isText = (value: unknown): boolean => typeof value === 'string'
const isTextOrNull = (value: unknown): boolean => value === null || typeof value === 'string'

const fields: Readonly<Record<keyof LockRecord, (value: unknown) => boolean>> = {
  pid: (value) => Number.isSafeInteger(value) && (value as number) > 0,
  startTime: isTextOrNull,
  bootId: isTextOrNull,
  pidNamespace: isTextOrNull,
  hostname: isText,
  thread: Number.isSafeInteger,
  since: Number.isSafeInteger,
  nonce: isText,
}

function isLockRecord(value: unknown): value is LockRecord {
  if (typeof value !== 'object' || value === null) return false
  const record = value as Record<string, unknown>
  return Object.entries(fields).every(([name, fits]) => Object.hasOwn(record, name) && fits(record[name]))
}
