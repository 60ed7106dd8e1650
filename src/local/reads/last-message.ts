import { excerptBytes } from '../../formats/rows.js'
import type { Touched } from '../memory/entries.js'
import type { Memory } from '../memory/memory.js'
import { liveBody, liveMessage, toMessage, type StoredMessage } from './stored-message.js'

/**
 * What lists show of a conversation stays when the bytes of its last message go; one that is too long for a row of a list is
 * read when it is asked for.
 */
export function keepLastMessage(memory: Memory, { entry, lastSeq, count }: Touched): void {
  if (!entry.isShown || count === 0 || lastSeq !== entry.durableHead || entry.lastMessage !== undefined)
    return
  const live = liveBody(entry, lastSeq)
  if (live === null || live.body.end - live.body.start > excerptBytes) return
  memory.messages.keepLast(entry, toMessage(entry.id, liveMessage(entry, lastSeq) as StoredMessage))
}
