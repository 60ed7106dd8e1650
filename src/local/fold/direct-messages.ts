import { badBytes } from '../../formats/bytes.js'
import { readDigest } from '../../formats/conversation-name.js'
import { directImageBytes, imageDigestAt } from '../../formats/direct-image.js'
import { readMarksBehindIds } from '../../formats/direct-marks.js'
import { endOfId, readId } from '../../formats/message-body.js'
import { countAt, flags, flagsAt, idsAt, seqAt, timeAt } from '../../formats/records.js'
import { directConversationId } from '../../model/direct-conversation-id.js'
import { DirectFold } from './direct-fold.js'
import { none } from '../columns.js'
import { MessageColumns } from './message-columns.js'
import type { MessageChain, Partition, Partitions } from './partitions.js'
import type { RecordRange } from './sink.js'

/** The direct conversations of a generation and their messages. */
export class DirectMessages implements MessageChain {
  readonly columns = new MessageColumns()
  /** In the order in which they were met; the columns name them by their place. */
  readonly conversations: DirectFold[] = []
  readonly #places = new Map<string, number>()
  readonly #partitions: Partitions

  constructor(partitions: Partitions) {
    this.#partitions = partitions
  }

  /** Makes room for what a range may hold; its records are added next. */
  begin(range: RecordRange): void {
    this.columns.beginRange(range.bytes, range.count)
  }

  /** The message record that lies in the current range from `start` to `end`. */
  add(bytes: Buffer, start: number, end: number, position: number): void {
    const secondId = endOfId(bytes, start + idsAt, end)
    let body = endOfId(bytes, secondId, end)
    const bits = bytes[start + flagsAt] as number
    const hasImage = (bits & flags.image) !== 0
    const place = this.#place(bytes, start, secondId, body, hasImage ? body + imageDigestAt : none)
    const conversation = this.conversations[place] as DirectFold
    const previous = hasImage ? bytes.readUIntLE(body, 6) : 0
    if (hasImage) body += directImageBytes
    const author = (bits & flags.second) === 0 ? 0 : 1
    const message = this.columns.add(body, end, position, bytes.readUIntLE(start + timeAt, 6), author, place)
    conversation.add(
      this.columns,
      message,
      bytes.readUIntLE(start + seqAt, 6),
      bytes.readUIntLE(start + countAt, 6),
      bits,
      previous,
    )
    this.#link(conversation.first, message)
    if (conversation.second !== conversation.first) this.#link(conversation.second, message)
  }

  /** The marks record that lies there. */
  addMarks(bytes: Buffer, start: number, end: number, position: number): void {
    const secondId = endOfId(bytes, start + idsAt, end)
    const ids = endOfId(bytes, secondId, end)
    const bits = bytes[start + flagsAt] as number
    const marks = readMarksBehindIds(bytes, start, ids, end, position)
    const place = this.#place(bytes, start, secondId, ids, (bits & flags.image) === 0 ? none : ids)
    const conversation = this.conversations[place] as DirectFold
    conversation.setMarks((bits & flags.second) === 0 ? 0 : 1, marks, (bits & flags.read) !== 0)
  }

  /** The conversation of two users, whether it has messages here or not. */
  between(first: string, second: string): DirectFold {
    const a = Buffer.from(first)
    const b = Buffer.from(second)
    const pair = Buffer.concat([Buffer.of(a.length - 1), a, Buffer.of(b.length - 1), b]).toString('latin1')
    const place =
      this.#places.get(pair) ?? this.#make(pair, first, second, directConversationId(first, second))
    return this.conversations[place] as DirectFold
  }

  next(partition: Partition, message: number): number {
    return this.#chainOf(partition, message)[message] as number
  }

  position(message: number): number {
    return this.columns.positions[message] as number
  }

  conversation(message: number): string {
    return this.#conversationOf(message).id
  }

  peer(partition: Partition, message: number): string {
    const { first, second } = this.#conversationOf(message)
    return (first === partition ? second : first).id
  }

  seq(message: number): number {
    return this.#conversationOf(message).firstSeq + (this.columns.ordinals[message] as number)
  }

  /**
   * Conversations are told apart by the bytes of both ids, which end at `end`: cheaper than their id, whose digest is at
   * `digest`.
   */
  #place(bytes: Buffer, start: number, secondId: number, end: number, digest: number): number {
    const pair = bytes.latin1Slice(start + idsAt, end)
    const known = this.#places.get(pair)
    if (known !== undefined) return known
    if (digest === none) throw badBytes('a conversation begins without its image')
    return this.#make(pair, readId(bytes, start + idsAt), readId(bytes, secondId), readDigest(bytes, digest))
  }

  #make(pair: string, first: string, second: string, id: string): number {
    const conversation = new DirectFold(id, this.#partitions.user(first), this.#partitions.user(second))
    const place = this.conversations.push(conversation) - 1
    this.#places.set(pair, place)
    return place
  }

  /** Puts a message at the end of a participant's chain. */
  #link(partition: Partition, message: number): void {
    const last = partition.lastMessage
    if (last === none) partition.firstMessage = message
    else this.#chainOf(partition, last)[last] = message
    this.#chainOf(partition, message)[message] = none
    partition.lastMessage = message
  }

  #chainOf(partition: Partition, message: number): Int32Array {
    const { columns } = this
    return this.#conversationOf(message).first === partition ? columns.nextOfFirst : columns.nextOfSecond
  }

  #conversationOf(message: number): DirectFold {
    return this.conversations[this.columns.conversations[message] as number] as DirectFold
  }
}
