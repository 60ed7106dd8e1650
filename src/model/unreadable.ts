import { ColumbaError } from '../errors.js'

/**
 * What a call is refused with whose argument threw while it was looked at: a getter or a proxy of the caller's. An error of ours
 * stays as it is.
 */
export function unreadable(field: string, error: unknown): ColumbaError {
  if (error instanceof ColumbaError) return error
  return new ColumbaError('INVALID_ARGUMENT', `${field} cannot be read`, { field }, error)
}
