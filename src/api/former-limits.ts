import { ColumbaError } from '../errors.js'
import { greatestLimits } from '../limits.js'
import type { Limits } from '../limits.js'

/**
 * Arguments that were taken over. `excess` is what they are refused with if they are no repeat; undefined if they are within
 * the limits.
 */
export interface Taken<T> {
  readonly arguments: T
  readonly excess: ColumbaError | undefined
}

/**
 * The arguments of a call whose repeat is answered. The store may have been opened with greater limits before: what is refused
 * today may be the repeat of what is there. So it is taken if any store could have taken it, and refused once it is known to be
 * new. Throws the error of today for what is wrong in any store. (`checkSend` does the same by itself, in straight code.)
 */
export function takeRepeatable<T>(limits: Limits, take: (limits: Limits) => T): Taken<T> {
  try {
    return { arguments: take(limits), excess: undefined }
  } catch (excess) {
    if (!(excess instanceof ColumbaError)) throw excess
    try {
      return { arguments: take(greatestLimits), excess }
    } catch {
      throw excess
    }
  }
}
