import { monotonicFactory } from 'ulid'
import type { MessageId } from '../../model/ids.js'
import type { Random } from '../../platform/random.js'
import type { StoreTime } from './store-time.js'

/** Ids for messages whose senders gave none: ULIDs, ascending within this process. */
export function messageIds(time: StoreTime, random: Random): () => MessageId {
  const next = monotonicFactory(() => (random.bytes(1)[0] ?? 0) / 256)
  return () => next(time.now()) as MessageId
}
