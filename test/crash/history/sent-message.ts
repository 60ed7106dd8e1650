import type { SendReceipt } from '../../../src/model/message.js'
import type { Send } from '../operation.js'

/**
 * A message as its senders know it, from the first call with its key on.
 *  - `acknowledged`: it is there for good, as the receipt says
 *  - `unknown`: the process died, or said OUTCOME_UNKNOWN: it is there or it is not
 *  - `absent`: refused for good, or found missing after a crash: it must never appear, unless somebody sends it again
 */
export interface SentMessage {
  readonly send: Send
  state: 'acknowledged' | 'unknown' | 'absent'
  receipt: SendReceipt | null
  /** When the call that may have stored it was made, and the process that made it. */
  called: number
  /** The last call, and the process that made it. */
  lastCalled: number
  lastCycle: number
  cycle: number
  /** When somebody first knew that it is there. */
  known: number
  /** Calls under way. */
  pending: number
}

export const keyOf = ({ conversation, sender, id }: Send): string =>
  JSON.stringify([conversation, sender, id])
