import { ColumbaError, type ErrorCode, type ErrorDetails } from '../errors.js'

/** What the system says, by what can be done about it. Anything else it says of a file means that the disk cannot be trusted. */
const rows: Readonly<Record<string, readonly [code: ErrorCode, advice: string]>> = {
  ENOSPC: ['NO_SPACE', 'the disk is full'],
  EDQUOT: ['NO_SPACE', 'the disk is full'],
  EMFILE: ['OVERLOADED', 'raise the limit of open files'],
  ENFILE: ['OVERLOADED', 'raise the limit of open files'],
}

/** What the system said while something was read, as an error of this library; its own errors pass as they are. */
export function readError(error: unknown, what: string, details: ErrorDetails): ColumbaError {
  if (error instanceof ColumbaError) return error
  const said = error instanceof Error && 'code' in error ? String(error.code) : ''
  const [code, advice] = rows[said] ?? (['CORRUPT', 'check the disk'] as const)
  return new ColumbaError(code, `${what} cannot be read: ${advice}`, details, error)
}
