import { ColumbaError } from '../errors.js'
import type { Random } from '../platform/random.js'

/** The given component, which throws OVERLOADED where it has not as many bytes as it was asked for, or throws. */
export function soundRandom(random: Random): Random {
  return {
    bytes(count) {
      let bytes: Uint8Array | undefined
      try {
        bytes = random.bytes(count)
      } catch (error) {
        throw noBytes(error)
      }
      // By its length, not its class: the array may be of another realm.
      if (bytes?.length !== count) throw noBytes(new RangeError(`${count} bytes were asked for`))
      return bytes
    },
  }
}

function noBytes(cause: unknown): ColumbaError {
  return new ColumbaError('OVERLOADED', 'there are no random bytes to be had; try again later', {}, cause)
}
