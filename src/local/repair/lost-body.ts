import { bodyRoom, writeBody } from '../../formats/message-body.js'
import type { MessageId, UserId } from '../../model/ids.js'

/**
 * What stands in the place of a message that is gone, so that numbers stay without gaps: no text, and attributes that say so.
 * Its id begins like a derived one and is none, so no client's id can meet it.
 */
export function lostBody(sender: string, seq: number): Buffer {
  const draft = {
    sender: sender as UserId,
    id: `~.lost.${seq}` as MessageId,
    deviceId: undefined,
    text: '',
    attributes: '{"columba":{"lost":true}}',
    sentAt: undefined,
  }
  const bytes = Buffer.alloc(bodyRoom(draft))
  return bytes.subarray(0, writeBody(draft, bytes, 0))
}

/** `5`, or `5 to 9`. */
export function seqRange(first: number, last: number): string {
  return first === last ? `message ${first}` : `messages ${first} to ${last}`
}
