import { ColumbaError, isColumbaError, type ErrorCode } from '../../errors.js'
import { forbiddenAdvice, lacksMemory, systemError } from '../../platform/system-errors.js'

/** What LevelDB says where the system gives EACCES or EROFS. */
const forbidden = /permission denied|read-only file system/i

type Row = readonly [found: RegExp, code: ErrorCode, advice: string]

const outOfRoom: Row = [/no space left|quota exceeded/i, 'NO_SPACE', 'the disk is full']
const outOfFiles: Row = [/too many open files/i, 'OVERLOADED', 'raise the limit of open files']

const outOfMemory = [null, 'OVERLOADED', 'there is no memory left for it'] as const

/** First row that fits. abstract-level wraps what LevelDB says, so codes and texts of all causes are looked at. */
const rows: readonly Row[] = [
  [/LEVEL_LOCKED/, 'LOCKED', 'another process has it open'],
  outOfRoom,
  outOfFiles,
  [forbidden, 'CORRUPT', forbiddenAdvice],
  [/LEVEL_CORRUPTION|does not exist/, 'CORRUPT', 'restore the store from a backup'],
  [/LEVEL_(?:DATABASE|ITERATOR|SNAPSHOT)_NOT_OPEN/, 'CLOSED', 'open the store again'],
]

/** What LevelDB said while opening or reading, as an error of this library; its own errors pass as they are. */
export function fromLevel(error: unknown, shard: number): ColumbaError {
  if (error instanceof ColumbaError) return error
  const said = describe(error)
  const [, code, advice] = lacksMemory(error)
    ? outOfMemory
    : (rows.find(([found]) => found.test(said)) ?? ([null, 'CORRUPT', 'check the disk'] as const))
  return new ColumbaError(code, `shard ${shard} cannot be read: ${advice}`, { shard }, error)
}

/**
 * What LevelDB said while opening, as an error of this library: what this process may not use is no damage, but a location that
 * it was not made for.
 */
export function fromOpening(error: unknown, shard: number): ColumbaError {
  if (error instanceof ColumbaError || !forbidden.test(describe(error))) return fromLevel(error, shard)
  const what = `shard ${shard} cannot be opened: ${forbiddenAdvice}`
  return new ColumbaError('INVALID_ARGUMENT', what, { field: 'location', shard }, error)
}

/** Rows for what a recovery had LevelDB write, which refuses to when it comes upon a damaged table. */
const recoveryRows: readonly Row[] = [
  outOfRoom,
  outOfFiles,
  [
    /LEVEL_CORRUPTION|Corruption:/,
    'CORRUPT',
    'a table of a shard is damaged; restore the store from a backup, or repair it',
  ],
]

/**
 * What a failed write of a recovery is to the caller that opens a store: what stopped it, if something can be done about that.
 * A store that is not open is not poisoned, and there is no call whose outcome could be unknown. Any other error as it is.
 */
export function fromRecovery(error: unknown): unknown {
  if (!isColumbaError(error, 'POISONED') && !isColumbaError(error, 'OUTCOME_UNKNOWN')) return error
  const { code, details, cause } = error
  const ofSystem = systemError(cause)
  if (ofSystem instanceof ColumbaError) return ofSystem
  const said = describe(error)
  const found = recoveryRows.find(([pattern]) => pattern.test(said))
  if (found === undefined && code === 'POISONED') return error
  const [, ours, advice] = found ?? [null, 'POISONED' as const, 'open it once more']
  return new ColumbaError(ours, `the store could not be recovered: ${advice}`, details, cause)
}

/** The causes from the innermost out: what LevelDB itself said counts more than that it is not open because of it. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const code = 'code' in error ? String(error.code) : ''
  const cause = describe(error.cause)
  return cause === '' ? `${code} ${error.message}` : cause
}

/** The codes of an error and of its causes, from the outermost in. */
export function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  return [...('code' in error ? [String(error.code)] : []), ...codesOf(error.cause)]
}
