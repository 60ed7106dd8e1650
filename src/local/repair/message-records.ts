import { ByteWriter } from '../../formats/bytes.js'
import { directImageBytes, writeDirectImage } from '../../formats/direct-image.js'
import { endOfId, readId } from '../../formats/message-body.js'
import { writeImage, type GroupImage } from '../../formats/record-parts.js'
import {
  bodyOfRecord,
  countAt,
  flags,
  flagsAt,
  idsAt,
  messageHeadBytes,
  recordKinds,
  seqAt,
  timeAt,
  writeMessageHead,
} from '../../formats/records.js'

/** A message record as the log had it. */
export interface ReadMessage {
  readonly seq: number
  readonly timestamp: number
  readonly bits: number
  readonly count: number
  /** Direct: the participants. Group: its id and the sender. */
  readonly ids: readonly [string, string]
  readonly body: Buffer
}

export function readMessageRecord(bytes: Buffer, start: number, end: number): ReadMessage {
  const bits = bytes[start + flagsAt] as number
  const secondAt = endOfId(bytes, start + idsAt, end)
  return {
    seq: bytes.readUIntLE(start + seqAt, 6),
    timestamp: bytes.readUIntLE(start + timeAt, 6),
    bits,
    count: bytes.readUIntLE(start + countAt, 6),
    ids: [readId(bytes, start + idsAt), readId(bytes, secondAt)],
    body: Buffer.from(bytes.subarray(bodyOfRecord(bytes, start, end), end)),
  }
}

interface RecordHead {
  readonly kind: number
  readonly timestamp: number
  readonly bits: number
  readonly seq: number
  readonly count: number
  readonly ids: readonly [string, string]
}

/** A direct message with its image, which the fold uses if it is the first of its generation. */
export function directRecord(
  message: Omit<RecordHead, 'kind'>,
  image: { readonly conversation: string; readonly previous: number },
  body: Buffer,
): Buffer {
  const { head, end } = headOf({
    ...message,
    kind: recordKinds.directMessage,
    bits: message.bits | flags.image,
  })
  const imageEnd = writeDirectImage(image.conversation, image.previous, head, end)
  return Buffer.concat([head.subarray(0, imageEnd), body])
}

export function groupRecord(
  message: Omit<RecordHead, 'kind'>,
  image: GroupImage | null,
  body: Buffer,
): Buffer {
  const bits = image === null ? message.bits : message.bits | flags.image
  const { head, end } = headOf({ ...message, kind: recordKinds.groupMessage, bits })
  if (image === null) return Buffer.concat([head.subarray(0, end), body])
  const w = new ByteWriter()
  writeImage(w, image)
  return Buffer.concat([head.subarray(0, end), w.finish(), body])
}

function headOf({ kind, timestamp, bits, seq, count, ids }: RecordHead): { head: Buffer; end: number } {
  const head = Buffer.alloc(messageHeadBytes + directImageBytes)
  return { head, end: writeMessageHead(head, 0, kind, timestamp, bits, seq, count, ids[0], ids[1]) }
}
