import { ColumbaError, type ErrorCode, type ErrorDetails, isColumbaError } from '../../errors.js'

/** An error on its way from one thread to another. What is copied by itself loses its class and its code. */
export interface SentError {
  readonly message: string
  /** Null for an error that is not of this library. */
  readonly ours: { readonly code: ErrorCode; readonly details: ErrorDetails } | null
  /** The code of the system, or of LevelDB. */
  readonly code: string | null
  readonly cause: SentError | null
}

export function packError(error: unknown): SentError {
  if (!(error instanceof Error)) return { message: String(error), ours: null, code: null, cause: null }
  const cause = error.cause === undefined ? null : packError(error.cause)
  if (isColumbaError(error)) {
    const { message, code, details } = error
    return { message, ours: { code, details }, code: null, cause }
  }
  const code = 'code' in error ? String(error.code) : null
  return { message: error.message, ours: null, code, cause }
}

export function unpackError({ message, ours, code, cause: sent }: SentError): Error {
  const cause = sent === null ? undefined : unpackError(sent)
  if (ours !== null) return new ColumbaError(ours.code, message, ours.details, cause)
  const error = new Error(message, cause === undefined ? undefined : { cause })
  return code === null ? error : Object.assign(error, { code })
}
