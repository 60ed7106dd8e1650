import type { ConversationId, MessageId, UserId } from '../model/ids.js'
import { canonicalJson } from '../model/canonical-json.js'
import type { JsonBounds } from '../model/canonical-json.js'
import type { Json } from '../model/json.js'
import type { MessageDraft } from '../model/message.js'
import { derivedId, storedId } from '../model/message-ids.js'
import type { Limits } from '../limits.js'
import { checkId, checkText, checkTime, checkUserId, invalid, unknownField } from './arguments.js'

interface MessageRequest {
  readonly sender: string
  /** May be empty; at most `limits.textBytes` bytes of UTF-8. */
  readonly text: string
  /** The client's id of the message; conversation, sender and id are the idempotency key. */
  readonly id?: string | undefined
  /** With a `timestamp` and without an `id`, the id is derived from sender, time and device. */
  readonly deviceId?: string | undefined
  /** The client's epoch milliseconds, kept as `sentAt`. */
  readonly timestamp?: number | undefined
  readonly attributes?: Json | undefined
}

export type SendRequest =
  | (MessageRequest & { readonly receiver: string; readonly conversationId?: undefined })
  | (MessageRequest & { readonly conversationId: string; readonly receiver?: undefined })

/** A checked send: to a user, or into a conversation. */
export type SendArguments =
  | { readonly receiver: UserId; readonly conversationId: undefined; readonly draft: MessageDraft }
  | { readonly receiver: undefined; readonly conversationId: ConversationId; readonly draft: MessageDraft }

/**
 * Checks what `sendMessage` was given and takes all of it over, so that later changes of the caller's objects do not
 * matter. IMPORTANT for speed: this runs for every message, so each field is read once and checked in straight code.
 */
export function checkSend(
  request: SendRequest,
  limits: Limits,
  attributesBounds: JsonBounds,
  newMessageId: () => MessageId,
): SendArguments {
  if (typeof request !== 'object' || request === null) throw invalid('request', 'must be an object')
  const { sender, receiver, conversationId, text, id, deviceId, timestamp, attributes } = request
  for (const name in request) if (!isSendField(name)) throw unknownField(name)

  const from = checkUserId(sender, 'sender', limits)
  if (receiver !== undefined && conversationId !== undefined) {
    throw invalid('conversationId', 'and receiver exclude each other')
  }
  if (receiver === undefined) {
    if (conversationId === undefined) throw invalid('receiver', 'or conversationId must be given')
    checkId(conversationId, 'conversationId', limits)
  } else checkId(receiver, 'receiver', limits)
  checkText(text, 'text', limits.textBytes)
  if (deviceId !== undefined) checkId(deviceId, 'deviceId', limits)
  if (timestamp !== undefined) checkTime(timestamp, 'timestamp')
  let messageId: MessageId
  if (id !== undefined) messageId = checkMessageId(id, limits)
  else if (timestamp !== undefined && deviceId !== undefined) messageId = derivedId(from, timestamp, deviceId)
  else messageId = newMessageId()
  const draft: MessageDraft = {
    sender: from,
    id: messageId,
    deviceId,
    text,
    attributes: attributes === undefined ? undefined : canonicalJson(attributes, attributesBounds),
    sentAt: timestamp,
  }
  return receiver === undefined
    ? { receiver, conversationId: conversationId as ConversationId, draft }
    : { receiver: receiver as UserId, conversationId: undefined, draft }
}

function checkMessageId(id: unknown, limits: Limits): MessageId {
  return storedId(checkId(id, 'id', limits))
}

function isSendField(name: string): boolean {
  switch (name) {
    case 'sender':
    case 'receiver':
    case 'conversationId':
    case 'text':
    case 'id':
    case 'deviceId':
    case 'timestamp':
    case 'attributes':
      return true
    default:
      return false
  }
}
