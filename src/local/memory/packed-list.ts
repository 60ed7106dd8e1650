import { ByteReader, ByteWriter } from '../../formats/bytes.js'
import {
  readAllPacked,
  readPacked,
  readPackedName,
  writePacked,
  type PackedColumns,
  type PackedConversation,
} from '../../formats/packed-conversation.js'
import type { Participation } from '../../model/conversation.js'
import type { ConversationId } from '../../model/ids.js'
import { messageCost } from '../../model/message-cost.js'
import { ifMemoryAllows } from '../../platform/system-errors.js'

/**
 * Besides the bytes of a list: its objects, what its arrays take for a conversation, and what is made to be shown, but for
 * messages.
 */
const listBytes = 360
const conversationBytes = 32
const viewBytes = 400

const w = new ByteWriter(16 * 1024)
/**
 * The list that was read from last, and its bytes as they can be read: mostly the next conversation is of the same one. There is
 * always room for one: a few ids, and no text but short ones.
 */
let loaded = ''
let scratch = Buffer.allocUnsafe(16 * 1024)

/**
 * Conversations of a list to which nothing happens, by descending position, as bytes: a fifth of what they are as objects, and
 * nothing that a collection has to look at. What becomes active, or is looked at, is taken out.
 */
export class PackedList {
  /** As a string: unlike a Buffer it is made and let go of at no cost. */
  readonly #columns: PackedColumns
  /** What has been made of them and is kept as long as it is asked for. */
  #views: (Participation | undefined)[] | null = null
  #viewBytes = 0

  private constructor(columns: PackedColumns) {
    this.#columns = columns
  }

  /** The columns are the list's own from now on. Null if nothing is in them. */
  static from(columns: PackedColumns): PackedList | null {
    return columns.positions.length === 0 ? null : new PackedList(columns)
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
        const { start, end } = packed.#load(next)
        starts.push(w.length)
        w.raw(scratch, start, end)
        ends.push(w.length)
        positions.push(packed.positionAt(next))
      }
    }
    for (const conversation of conversations) {
      copyDownTo(conversation.position)
      starts.push(w.length)
      writePacked(w, conversation)
      ends.push(w.length)
      positions.push(conversation.position)
    }
    copyDownTo(-1)
    return PackedList.from({ bytes: w.view().latin1Slice(), starts, ends, positions })
  }

  get length(): number {
    return this.#columns.positions.length
  }

  /** As they are now; not to be changed. */
  get columns(): PackedColumns {
    return this.#columns
  }

  /** Bytes of what has been made to be shown. */
  get viewCost(): number {
    return this.#viewBytes
  }

  /** All of it. What is taken out leaves a hole. */
  get cost(): number {
    return listBytes + this.#columns.bytes.length + this.length * conversationBytes + this.viewCost
  }

  positionAt(index: number): number {
    return this.#columns.positions[index] as number
  }

  /** The position of the last one. */
  get last(): number {
    return this.positionAt(this.length - 1)
  }

  at(index: number): PackedConversation {
    const { start, end } = this.#load(index)
    return readPacked(new ByteReader(scratch, start, end), this.positionAt(index))
  }

  /** All of them; unlike what `at` gives they are valid as long as they are held. */
  all(): PackedConversation[] {
    return readAllPacked(this.#columns)
  }

  /**
   * Puts the bytes where they can be read, and returns where those of one are. IMPORTANT: where there is no memory for all of
   * them only these are put there, for which there is always room: it throws nothing, or a durable message could not be shown.
   */
  #load(index: number): { readonly start: number; readonly end: number } {
    const { bytes, starts, ends } = this.#columns
    const start = starts[index] as number
    const end = ends[index] as number
    if (loaded !== bytes) {
      if (bytes.length > scratch.length)
        scratch = ifMemoryAllows(() => Buffer.allocUnsafe(2 * bytes.length)) ?? scratch
      if (bytes.length > scratch.length) {
        loaded = ''
        return { start: 0, end: scratch.latin1Write(bytes.slice(start, end), 0) }
      }
      scratch.latin1Write(bytes, 0)
      loaded = bytes
    }
    return { start, end }
  }

  /** The index of the first one strictly below a position. */
  below(position: number): number {
    let low = 0
    let high = this.length
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
    const { starts, ends, positions } = this.#columns
    for (const column of [starts, ends, positions]) column.splice(index, 1)
    this.#viewBytes -= costOf(this.#views?.splice(index, 1)[0])
    return taken
  }

  /** Those that are not gone, without views; null if there are none. What is gone leaves a hole. */
  without(isGone: (conversation: ConversationId) => boolean): PackedList | null {
    const { bytes, starts, ends, positions } = this.#columns
    const from = Buffer.from(bytes, 'latin1')
    const stays = starts.map((start, i) => !isGone(readPackedName(new ByteReader(from, start, ends[i]))))
    const kept = (column: readonly number[]): number[] => column.filter((_, i) => stays[i])
    return PackedList.from({ bytes, starts: kept(starts), ends: kept(ends), positions: kept(positions) })
  }

  /** Only the first `count`, without views; null if there are none. */
  first(count: number): PackedList | null {
    const { bytes, starts, ends, positions } = this.#columns
    const first = (column: readonly number[]): number[] => column.slice(0, count)
    const part = bytes.slice(0, count === 0 ? 0 : ends[count - 1])
    return PackedList.from({
      // A part of a string keeps the whole of it, which is better than nothing where there is no memory for a copy.
      bytes: ifMemoryAllows(() => Buffer.from(part, 'latin1').latin1Slice()) ?? part,
      starts: first(starts),
      ends: first(ends),
      positions: first(positions),
    })
  }

  viewAt(index: number): Participation | undefined {
    return this.#views?.[index]
  }

  putView(index: number, view: Participation): void {
    this.#views ??= Array.from({ length: this.length })
    this.#viewBytes += costOf(view) - costOf(this.#views[index])
    this.#views[index] = view
  }

  forgetViews(): void {
    this.#views = null
    this.#viewBytes = 0
  }
}

function costOf(view: Participation | undefined): number {
  if (view === undefined) return 0
  return viewBytes + (view.lastMessage === null ? 0 : messageCost(view.lastMessage))
}
