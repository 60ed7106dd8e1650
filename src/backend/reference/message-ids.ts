import type { MessageId } from '../../model/ids.js'
import type { WallClock } from './logical-clock.js'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Ids for messages whose senders gave none: ULIDs with a count where others have randomness. */
export function messageIds(clock: WallClock): () => MessageId {
  let count = 0
  return () => {
    count += 1
    return `${base32(clock.now(), 10)}${base32(count, 16)}` as MessageId
  }
}

function base32(value: number, length: number): string {
  let digits = ''
  for (let rest = value; digits.length < length; rest = Math.floor(rest / 32))
    digits = alphabet[rest % 32] + digits
  return digits
}
