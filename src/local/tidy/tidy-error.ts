type TidyErrorCode = 'TIDY_STOPPED' | 'NOT_MERGED'

/** Why a step of the tidy has ended early. It is known by its code, since an error from another thread is a copy. */
export class TidyError extends Error {
  readonly code: TidyErrorCode

  constructor(code: TidyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The tidy was told to stop, and left what it was doing. */
export function isStopped(error: unknown): boolean {
  return hasCode(error, 'TIDY_STOPPED')
}

/** A merge has failed before there was a file. Its cause is why. */
export function isNotMerged(error: unknown): error is Error {
  return hasCode(error, 'NOT_MERGED')
}

function hasCode(error: unknown, code: TidyErrorCode): boolean {
  return (error as { code?: unknown } | null)?.code === code
}
