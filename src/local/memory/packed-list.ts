import { ByteReader, ByteWriter } from '../../formats/bytes.js'
import { readName, writeName } from '../../formats/conversation-name.js'
import { readMarks, writeMarks } from '../../formats/record-parts.js'
import { noMarks, type Marks, type Participation } from '../../model/conversation.js'
import type { ConversationId, UserId } from '../../model/ids.js'

/** A direct conversation as one of its participants sees it in a list. */
export interface PackedConversation {
  readonly conversation: ConversationId
  readonly peer: UserId
  readonly position: number
  readonly head: number
  /** The user's own messages up to `head`. */
  readonly own: number
  readonly timestamp: number
  /** The user is the author of the last message. */
  readonly isOwn: boolean
  /** Null if they are not known. */
  readonly marks: Marks | null
  /** Of the last message (message-body.ts); null if it has to be read. What a list gives is valid until it gives the next. */
  readonly body: { readonly bytes: Buffer; readonly start: number; readonly end: number } | null
}

const OWN = 1
/** The marks are known, and there are some. */
const KNOWN = 2
const MARKED = 4
const BODY = 8

/** Besides the bytes of a list: its objects, what its arrays take for a conversation, and what is made to be shown. */
const listBytes = 360
const conversationBytes = 32
const viewBytes = 600

const w = new ByteWriter(16 * 1024)
/** The conversation that is read from a list: it is longer only if all its ids are as long as can be. */
let scratch = Buffer.allocUnsafe(2048)

/**
 * Conversations of a list to which nothing happens, by descending position, as bytes: a fifth of what they are as objects, and
 * nothing that a collection has to look at. What becomes active, or is looked at, is taken out.
 */
export class PackedList {
  /** A character for each byte: unlike a Buffer it is made and let go of at no cost. */
  readonly #bytes: string
  /** Where each begins and ends. */
  readonly #starts: number[]
  readonly #ends: number[]
  readonly #positions: number[]
  /** What has been made of them and is kept as long as it is asked for. */
  #views: (Participation | undefined)[] | null = null
  #viewCount = 0

  private constructor(bytes: string, starts: number[], ends: number[], positions: number[]) {
    this.#bytes = bytes
    this.#starts = starts
    this.#ends = ends
    this.#positions = positions
  }

  /**
   * A list of these, which come by descending position, and of what is packed already, which is copied as it is. Null if there is
   * neither.
   */
  static of(
    conversations: Iterable<PackedConversation>,
    packed: PackedList | null = null,
  ): PackedList | null {
    w.reset()
    const starts: number[] = []
    const ends: number[] = []
    const positions: number[] = []
    let next = 0
    const copyDownTo = (position: number): void => {
      for (; packed !== null && next < packed.length && packed.positionAt(next) > position; next++) {
        starts.push(w.length)
        w.raw(scratch, 0, packed.#load(next))
        ends.push(w.length)
        positions.push(packed.positionAt(next))
      }
    }
    for (const conversation of conversations) {
      copyDownTo(conversation.position)
      starts.push(w.length)
      write(conversation)
      ends.push(w.length)
      positions.push(conversation.position)
    }
    copyDownTo(-1)
    return positions.length === 0 ? null : new PackedList(w.view().latin1Slice(), starts, ends, positions)
  }

  get length(): number {
    return this.#positions.length
  }

  /** Of what has been made to be shown, in bytes. */
  get viewCost(): number {
    return this.#viewCount * viewBytes
  }

  /** All of it. What is taken out leaves a hole. */
  get cost(): number {
    return listBytes + this.#bytes.length + this.length * conversationBytes + this.viewCost
  }

  positionAt(index: number): number {
    return this.#positions[index] as number
  }

  /** The position of the last one. */
  get last(): number {
    return this.positionAt(this.length - 1)
  }

  at(index: number): PackedConversation {
    return read(this.#load(index), this.positionAt(index))
  }

  /** Puts the bytes of one where they can be read, and returns how many there are. */
  #load(index: number): number {
    const start = this.#starts[index] as number
    const end = this.#ends[index] as number
    if (end - start > scratch.length) scratch = Buffer.allocUnsafe(2 * (end - start))
    return scratch.latin1Write(this.#bytes.substring(start, end), 0)
  }

  /** The index of the first one strictly below a position. */
  below(position: number): number {
    let low = 0
    let high = this.#positions.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.positionAt(middle) >= position) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The index of the one with a position, -1 if it is not there. */
  indexOf(position: number): number {
    const index = this.below(position) - 1
    return index >= 0 && this.positionAt(index) === position ? index : -1
  }

  take(index: number): PackedConversation {
    const taken = this.at(index)
    for (const column of [this.#starts, this.#ends, this.#positions]) column.splice(index, 1)
    if (this.#views?.splice(index, 1)[0] !== undefined) this.#viewCount--
    return taken
  }

  /** Only the first `count`, without views; null if there are none. */
  first(count: number): PackedList | null {
    if (count === 0) return null
    // A part of a string would keep the whole of it.
    const bytes = Buffer.from(this.#bytes.slice(0, this.#ends[count - 1]), 'latin1').latin1Slice()
    const first = (column: readonly number[]): number[] => column.slice(0, count)
    return new PackedList(bytes, first(this.#starts), first(this.#ends), first(this.#positions))
  }

  viewAt(index: number): Participation | undefined {
    return this.#views?.[index]
  }

  putView(index: number, view: Participation): void {
    this.#views ??= Array.from({ length: this.length })
    if (this.#views[index] === undefined) this.#viewCount++
    this.#views[index] = view
  }

  forgetViews(): void {
    this.#views = null
    this.#viewCount = 0
  }
}

function write({ conversation, peer, head, own, timestamp, isOwn, marks, body }: PackedConversation): void {
  const isMarked = marks !== null && (marks.delivered > 0 || marks.readAt > 0 || marks.deliveredAt > 0)
  w.u8(
    (isOwn ? OWN : 0) | (marks === null ? 0 : KNOWN) | (isMarked ? MARKED : 0) | (body === null ? 0 : BODY),
  )
  writeName(w, conversation)
  w.string(peer).varint(head).varint(own).varint(timestamp)
  if (isMarked) {
    writeMarks(w, marks)
  }
  if (body !== null) w.varint(body.end - body.start).raw(body.bytes, body.start, body.end)
}

function read(length: number, position: number): PackedConversation {
  const from = new ByteReader(scratch, 0, length)
  const bits = from.u8()
  return {
    conversation: readName(from) as ConversationId,
    peer: from.string() as UserId,
    position,
    head: from.varint(),
    own: from.varint(),
    timestamp: from.varint(),
    isOwn: (bits & OWN) !== 0,
    marks: (bits & KNOWN) === 0 ? null : (bits & MARKED) === 0 ? noMarks : (readMarks(from) as Marks),
    body: (bits & BODY) === 0 ? null : readBytes(from),
  }
}

function readBytes(r: ByteReader): PackedConversation['body'] {
  const length = r.varint()
  const start = r.at
  r.skip(length)
  return { bytes: r.bytes, start, end: r.at }
}
