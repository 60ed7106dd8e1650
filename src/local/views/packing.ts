import { bodyRoom, readBody, writeBody } from '../../formats/message-body.js'
import { excerptBytes } from '../../formats/rows.js'
import type { Participation } from '../../model/conversation.js'
import type { UserId } from '../../model/ids.js'
import type { Message } from '../../model/message.js'
import type { ConversationEntry, ListNode } from '../memory/entries.js'
import type { PackedConversation } from '../../formats/packed-conversation.js'
import { directView, ownOf } from './participation-view.js'
import { liveBody, toMessage } from '../reads/stored-message.js'

/** What a list shows of a packed conversation; null if marks or message have to be read. */
export function packedView(user: UserId, packed: PackedConversation): Participation | null {
  const { conversation, peer, head, own, timestamp, position, isOwn, marks, body } = packed
  if (marks === null || body === null) return null
  const stored = {
    seq: head,
    sender: isOwn ? user : peer,
    timestamp,
    position,
    count: own,
    body: readBody(body.bytes, body.start, body.end),
  }
  return directView({
    user,
    conversationId: conversation,
    peer,
    head,
    ownAtHead: own,
    marks,
    lastMessage: toMessage(conversation, stored),
    activityAt: timestamp,
    position,
  })
}

/** A direct conversation of a list as it is packed. */
export function packNode({ user, entry, marks }: ListNode): PackedConversation {
  const last = lastMessage(entry)
  return {
    conversation: entry.id,
    peer: entry.peerOf(user.id) as UserId,
    position: entry.position,
    head: entry.durableHead,
    own: ownOf(user.id, entry),
    timestamp: entry.timestamp,
    isOwn: last?.sender === user.id,
    marks,
    body: last?.body ?? null,
  }
}

/** Null if memory does not have it, or if it is too long for a row of a list. */
function lastMessage(
  entry: ConversationEntry,
): { readonly sender: UserId; readonly body: PackedConversation['body'] } | null {
  const { durableHead, lastMessage: shown } = entry
  const live = liveBody(entry, durableHead)
  if (live !== null) return live.body.end - live.body.start > excerptBytes ? null : live
  if (shown?.seq !== durableHead) return null
  const bytes = encodeBody(shown)
  return bytes.length > excerptBytes
    ? null
    : { sender: shown.sender, body: { bytes, start: 0, end: bytes.length } }
}

/** The body of a message that was decoded. */
function encodeBody(message: Message): Buffer {
  const { sender, id, deviceId, text, sentAt, attributes } = message
  const json = attributes === undefined ? undefined : JSON.stringify(attributes)
  const draft = { sender, id, deviceId, text, sentAt, attributes: json }
  const bytes = Buffer.allocUnsafe(bodyRoom(draft))
  return bytes.subarray(0, writeBody(draft, bytes, 0))
}
