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
import {
  checkId,
  checkText,
  checkTime,
  checkUserId,
  invalid,
  refuseSymbols,
  unknownField,
  withoutCommonNames,
} from './arguments.js'

interface MessageRequest {
  readonly sender: string
  /** May be empty; at most `limits.textBytes` bytes of UTF-8. */
  readonly text: string
  /** The client's id of the message; conversation, sender and id are the idempotency key. */
  readonly id?: string | undefined
  /**
   * With a `timestamp` and without an `id`, the id is derived from sender, time and device. Every participant is shown it, and it
   * stands in a derived id as it is: nothing private.
   */
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

/** The same of a message that may have no id yet: null where the request has no key. */
type TakenSend = Omit<SendArguments, 'draft'> & {
  readonly draft: Omit<MessageDraft, 'id'> & { id: MessageId | null }
}

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
  let taken: TakenSend
  try {
    taken = take(request, limits, undefined)
  } catch (error) {
    return takeRepeat(request, unreadable('request', error))
  }
  // IMPORTANT: not in the `try`: that there is no id to be had is no fault of the request.
  taken.draft.id ??= newMessageId()
  return taken as SendArguments
}

/**
 * What `takeRepeatable` does (former-limits.ts) for a message that was `refused` by the limits of today, which it also throws
 * for one without a key: no other can be a repeat.
 */
function takeRepeat(request: SendRequest, refused: ColumbaError): SendArguments {
  let taken: TakenSend
  try {
    taken = take(request, greatest, refused)
  } catch {
    throw refused
  }
  if (taken.draft.id === null) throw refused
  return taken as SendArguments
}

/** IMPORTANT for speed: this runs for every message, so each field is read once and checked in straight code. */
function take(
  request: SendRequest,
  { limits, attributes: attributesBounds }: SendLimits,
  excess: ColumbaError | undefined,
): TakenSend {
  if (typeof request !== 'object' || request === null) throw invalid('request', 'must be an object')
  refuseSymbols(request, 'request')
  const given = withoutCommonNames(request, sendFields)
  const { sender, receiver, conversationId, text, id, deviceId, timestamp, attributes } = given
  for (const name in given) if (!isSendField(name)) throw unknownField(name)

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
  const sentAt = timestamp === undefined ? undefined : checkTime(timestamp, 'timestamp')
  let messageId: MessageId | null = null
  if (id !== undefined) messageId = checkMessageId(id, limits)
  else if (sentAt !== undefined && deviceId !== undefined) messageId = derivedId(from, sentAt, deviceId)
  const draft: TakenSend['draft'] = {
    sender: from,
    id: messageId,
    deviceId,
    text,
    attributes: attributes === undefined ? undefined : canonicalJson(attributes, attributesBounds),
    sentAt,
  }
  return receiver === undefined
    ? { receiver, conversationId: conversationId as ConversationId, draft, excess }
    : { receiver: receiver as UserId, conversationId: undefined, draft, excess }
}

function checkMessageId(id: unknown, limits: Limits): MessageId {
  return storedId(checkId(id, 'id', limits))
}

const sendFields = [
  'sender',
  'receiver',
  'conversationId',
  'text',
  'id',
  'deviceId',
  'timestamp',
  'attributes',
] as const

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
