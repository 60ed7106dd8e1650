import type { ColumbaError } from '../errors.js'
import type { ConversationId, MessageId, UserId } from '../model/ids.js'
import { canonicalJson } from '../model/canonical-json.js'
import type { JsonBounds } from '../model/canonical-json.js'
import type { Json } from '../model/json.js'
import type { MessageDraft } from '../model/message.js'
import { derivedId, storedId } from '../model/message-ids.js'
import { unreadable } from '../model/unreadable.js'
import { greatestLimits } from '../limits.js'
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
  /** Whatever else belongs to the message: at most `limits.attributesBytes` bytes as JSON, without `undefined` in it. */
  readonly attributes?: Json | undefined
}

export type SendRequest =
  | (MessageRequest & { readonly receiver: string; readonly conversationId?: undefined })
  | (MessageRequest & { readonly conversationId: string; readonly receiver?: undefined })

/**
 * A checked send: to a user, or into a conversation. `excess` is what it is refused with if it is new; undefined for one that is
 * within the limits.
 */
export type SendArguments = { readonly draft: MessageDraft; readonly excess: ColumbaError | undefined } & (
  | { readonly receiver: UserId; readonly conversationId: undefined }
  | { readonly receiver: undefined; readonly conversationId: ConversationId }
)

/** Limits, and those among them that are for attributes. */
export interface SendLimits {
  readonly limits: Limits
  readonly attributes: JsonBounds
}

export function sendLimits(limits: Limits): SendLimits {
  const { attributesBytes: maxBytes, attributesDepth: maxDepth } = limits
  return { limits, attributes: { maxBytes, maxDepth, field: 'attributes' } }
}

const greatest = sendLimits(greatestLimits)

/** Checks what `sendMessage` was given and takes all of it over, so that later changes of the caller's objects do not matter. */
export function checkSend(
  request: SendRequest,
  limits: SendLimits,
  newMessageId: () => MessageId,
): SendArguments {
  try {
    return take(request, limits, newMessageId, undefined)
  } catch (error) {
    return takeRepeat(request, unreadable('request', error))
  }
}

/**
 * What `takeRepeatable` does (former-limits.ts) for a message that was `refused` by the limits of today, which it also throws
 * for one without a key: no other can be a repeat.
 */
function takeRepeat(request: SendRequest, refused: ColumbaError): SendArguments {
  const withoutKey = (): never => {
    throw refused
  }
  try {
    return take(request, greatest, withoutKey, refused)
  } catch {
    throw refused
  }
}

/** IMPORTANT for speed: this runs for every message, so each field is read once and checked in straight code. */
function take(
  request: SendRequest,
  { limits, attributes: attributesBounds }: SendLimits,
  newMessageId: () => MessageId,
  excess: ColumbaError | undefined,
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
    ? { receiver, conversationId: conversationId as ConversationId, draft, excess }
    : { receiver: receiver as UserId, conversationId: undefined, draft, excess }
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
