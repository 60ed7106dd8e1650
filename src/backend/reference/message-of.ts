import { parseCanonicalJson } from '../../model/canonical-json.js'
import type { ConversationId } from '../../model/ids.js'
import type { Message, MessageDraft } from '../../model/message.js'

/** The message that a draft becomes at its place: deeply frozen. */
export function messageOf(
  draft: MessageDraft,
  conversationId: ConversationId,
  seq: number,
  timestamp: number,
): Message {
  const { id, sender, deviceId, text, attributes, sentAt } = draft
  return Object.freeze({
    conversationId,
    seq,
    id,
    sender,
    ...(deviceId === undefined ? {} : { deviceId }),
    text,
    ...(attributes === undefined ? {} : { attributes: parseCanonicalJson(attributes) }),
    ...(sentAt === undefined ? {} : { sentAt }),
    timestamp,
    deleted: false,
  })
}
