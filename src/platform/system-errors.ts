import { ColumbaError, isColumbaError, type ErrorCode, type ErrorDetails } from '../errors.js'

/** What the system says, by what can be done about it. Anything else it says of a file means that the disk cannot be trusted. */
const rows: Readonly<Record<string, readonly [code: ErrorCode, advice: string]>> = {
  ENOSPC: ['NO_SPACE', 'the disk is full'],
  EDQUOT: ['NO_SPACE', 'the disk is full'],
  EMFILE: ['OVERLOADED', 'raise the limit of open files'],
  ENFILE: ['OVERLOADED', 'raise the limit of open files'],
  ENOMEM: ['OVERLOADED', 'there is no memory left for it'],
}

/** What nobody can do anything about but whoever gave the location. */
const forbidden = new Set(['EACCES', 'EPERM', 'EROFS'])
export const forbiddenAdvice = 'this process may not use it: look at owner and mode of all files of the store'

/** What the system said, whatever was being done, as an error of this library; what is no error of the system passes as it is. */
export function systemError(error: unknown): unknown {
  const { code, syscall } = (error ?? {}) as { readonly code?: unknown; readonly syscall?: unknown }
  if (error instanceof ColumbaError || typeof code !== 'string' || typeof syscall !== 'string') return error
  const [ours, advice] = forbidden.has(code)
    ? (['INVALID_ARGUMENT', forbiddenAdvice] as const)
    : (rows[code] ?? (['CORRUPT', 'check the disk'] as const))
  return new ColumbaError(ours, `the system refused ${syscall}: ${advice}`, { system: code }, error)
}

/** What the system said while something was read, as an error of this library; its own errors pass as they are. */
export function readError(error: unknown, what: string, details: ErrorDetails): ColumbaError {
  if (error instanceof ColumbaError) return error
  const said = lacksMemory(error)
    ? 'ENOMEM'
    : error instanceof Error && 'code' in error
      ? String(error.code)
      : ''
  const [code, advice] =
    rows[said] ?? (['CORRUPT', forbidden.has(said) ? forbiddenAdvice : 'check the disk'] as const)
  return new ColumbaError(code, `${what} cannot be read: ${advice}`, details, error)
}

/** Nothing is known of what this process was not allowed to look at: it is not damaged. */
function isForbidden(error: unknown): boolean {
  const { code } = ((error as { readonly cause?: unknown } | null)?.cause ?? {}) as {
    readonly code?: unknown
  }
  return typeof code === 'string' && forbidden.has(code)
}

/** Whether what was read is damaged, as far as an error of this library says. Nothing has been looked at of what is forbidden. */
export function isDamage(error: unknown): boolean {
  return isColumbaError(error, 'CORRUPT') && !isForbidden(error)
}

/** What is thrown where there is no memory for an array. To be asked of code only that does little else: others throw it, too. */
export function isMemoryError(error: unknown): error is RangeError {
  return error instanceof RangeError
}

/**
 * The same of a read, for which there is no memory: nothing is known of what would have been read. A wrong length, which is a
 * RangeError with a code, is none.
 */
export function lacksMemory(error: unknown): boolean {
  return isMemoryError(error) && !('code' in error)
}

/** The same as an error of this library, where nothing has changed yet; anything else passes as it is. */
export function memoryError(error: unknown): unknown {
  if (!isMemoryError(error)) return error
  return new ColumbaError('OVERLOADED', 'there is no memory left for it; try again later', {}, error)
}

/** For what nobody needs, as a copy of something: null where there is no memory for it. */
export function ifMemoryAllows<T>(make: () => T): T | null {
  try {
    return make()
  } catch (error) {
    if (isMemoryError(error)) return null
    throw error
  }
}

/** For what a caller needs: OVERLOADED where there is no memory for it. */
export function withMemory<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    throw memoryError(error)
  }
}
