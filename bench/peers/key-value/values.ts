import type { MessageView } from '../contestant.js'
import type { Seat } from '../conversation-state.js'
import type { Send } from '../../workload/send.js'

/*
 * message   position u48 · timestamp u48 · sentAt u48 · sender u32 · id length u8 · id · text
 * inbox     conversation u32 · peer u32 · head u32 · own u32 · readSeq u32 · readOwn u32 [· message]
 */
const MESSAGE_HEADER = 23
export const INBOX_HEADER = 24

export function encodeMessage(position: number, sender: number, timestamp: number, send: Send): Buffer {
  const idLength = Buffer.byteLength(send.id)
  const textLength = Buffer.byteLength(send.text)
  const value = Buffer.allocUnsafe(MESSAGE_HEADER + idLength + textLength)
  value.writeUIntLE(position, 0, 6)
  value.writeUIntLE(timestamp, 6, 6)
  value.writeUIntLE(send.timestamp, 12, 6)
  value.writeUInt32LE(sender, 18)
  value[22] = idLength
  value.utf8Write(send.id, MESSAGE_HEADER, idLength)
  value.utf8Write(send.text, MESSAGE_HEADER + idLength, textLength)
  return value
}

export const positionOf = (message: Buffer): number => message.readUIntLE(0, 6)
export const senderOf = (message: Buffer): number => message.readUInt32LE(18)

export function textOf(message: Buffer, end = message.length): string {
  return message.utf8Slice(MESSAGE_HEADER + message[22]!, end)
}

/** Reads in place: a slice per field or row would cost more than what it holds. */
export function decodeMessage(
  bytes: Buffer,
  seq: number,
  nameOf: (user: number) => string,
  start = 0,
  end = bytes.length,
): MessageView {
  const textAt = start + MESSAGE_HEADER + bytes[start + 22]!
  return {
    seq,
    sender: nameOf(bytes.readUInt32LE(start + 18)),
    timestamp: bytes.readUIntLE(start + 6, 6),
    sentAt: bytes.readUIntLE(start + 12, 6),
    id: bytes.utf8Slice(start + MESSAGE_HEADER, textAt),
    text: bytes.utf8Slice(textAt, end),
  }
}

export interface InboxRow {
  readonly conversation: number
  readonly peer: number
  readonly head: number
  readonly seat: Omit<Seat, 'user'>
}

export function encodeInbox(row: InboxRow, message: Buffer | null): Buffer {
  const value = Buffer.allocUnsafe(INBOX_HEADER + (message?.length ?? 0))
  value.writeUInt32LE(row.conversation, 0)
  value.writeUInt32LE(row.peer, 4)
  value.writeUInt32LE(row.head, 8)
  value.writeUInt32LE(row.seat.own, 12)
  value.writeUInt32LE(row.seat.readSeq, 16)
  value.writeUInt32LE(row.seat.readOwn, 20)
  message?.copy(value, INBOX_HEADER)
  return value
}

export function decodeInbox(bytes: Buffer): InboxRow {
  return {
    conversation: bytes.readUInt32LE(0),
    peer: bytes.readUInt32LE(4),
    head: bytes.readUInt32LE(8),
    seat: { own: bytes.readUInt32LE(12), readSeq: bytes.readUInt32LE(16), readOwn: bytes.readUInt32LE(20) },
  }
}

export function encodeNumbers(numbers: readonly number[]): Buffer {
  const value = Buffer.allocUnsafe(numbers.length * 6)
  for (const [index, number] of numbers.entries()) value.writeUIntLE(number, index * 6, 6)
  return value
}

export function decodeNumbers(bytes: Buffer): number[] {
  return Array.from({ length: bytes.length / 6 }, (_, index) => bytes.readUIntLE(index * 6, 6))
}
