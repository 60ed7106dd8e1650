/**
 * Every error of the library, in one table. A code is stable and says what happened; its kind says what to do next.
 * `docs/errors.md` shows the same table to users and a test holds the two together.
 */
export type ErrorKind =
  'invalid' | 'not-found' | 'forbidden' | 'conflict' | 'unavailable' | 'unknown' | 'closed' | 'corrupt'

export const errorKinds = {
  INVALID_ARGUMENT: 'invalid',
  TOO_LARGE: 'invalid',
  USER_NOT_FOUND: 'not-found',
  MESSAGE_NOT_FOUND: 'not-found',
  NOT_A_MEMBER: 'forbidden',
  NOT_PERMITTED: 'forbidden',
  BLOCKED: 'forbidden',
  IDEMPOTENCY_CONFLICT: 'conflict',
  USER_EXISTS: 'conflict',
  INCOMPATIBLE: 'conflict',
  RESYNC_REQUIRED: 'conflict',
  OVERLOADED: 'unavailable',
  NO_SPACE: 'unavailable',
  LOCKED: 'unavailable',
  OUTCOME_UNKNOWN: 'unknown',
  CLOSED: 'closed',
  POISONED: 'closed',
  CORRUPT: 'corrupt',
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof errorKinds

/** Facts about an error for programs: the field, the limit, the file, the offset. Never a text or a secret. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null>>

export class ColumbaError extends Error {
  override readonly name = 'ColumbaError'
  readonly code: ErrorCode
  readonly kind: ErrorKind
  readonly details: ErrorDetails

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.kind = errorKinds[code]
    this.details = Object.freeze({ ...details })
  }
}

/** True for an error of this library (and with this code), also when two copies of the package are loaded. */
export function isColumbaError(error: unknown): error is ColumbaError
export function isColumbaError<C extends ErrorCode>(
  error: unknown,
  code: C,
): error is ColumbaError & { readonly code: C }
export function isColumbaError(error: unknown, code?: ErrorCode): boolean {
  return (
    error instanceof Error &&
    error.name === 'ColumbaError' &&
    'code' in error &&
    (code === undefined || error.code === code)
  )
}
