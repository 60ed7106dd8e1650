import type { MaybePromise } from '../../backend/port.js'
import { ColumbaError, isColumbaError } from '../../errors.js'
import { readBlock, type BlockEntry, type BlockHead } from '../../formats/block.js'
import { bodyFileName } from '../../formats/body-file.js'
import { readBody } from '../../formats/message-body.js'
import type { RunPlace } from '../../formats/rows.js'
import type { UserId } from '../../model/ids.js'
import type { Message } from '../../model/message.js'
import { isMissingBody, type BodyFiles } from '../bodies/body-files.js'
import type { ConversationEntry } from '../memory/entries.js'
import type { RowReader, RunOwner } from './row-reader.js'
import { makeMessage, type StoredMessage } from './stored-message.js'

/** Makes something of a message that was read: of one in a block, its sender, and the first participant's messages so far. */
export type Maker<T> = (
  entry: ConversationEntry,
  of: BlockEntry,
  sender: UserId,
  count: number,
  bytes: Buffer,
) => T

export const asStored: Maker<StoredMessage> = (_entry, of, sender, count, bytes) => ({
  seq: of.seq,
  sender,
  timestamp: of.timestamp,
  position: of.position,
  count,
  body: readBody(bytes, of.start, of.end),
})

export const asMessage: Maker<Message> = (entry, of, sender, _count, bytes) =>
  makeMessage(entry.id, of.seq, of.timestamp, sender, readBody(bytes, of.start, of.end))

/**
 * Bytes of blocks that were read last and stay: a reader who scrolls reads the same one page after page, and repeats come one
 * after the other as the messages did, hundreds of conversations in turn.
 */
const keptBytes = 2 * 1024 * 1024
/** What an entry of a block costs beside its bytes. */
const entryBytes = 80

/** A look-up that finds nothing is nearly as dear as an iterator. */
const triedEnds = 3

interface Block {
  readonly conversation: string
  readonly file: number
  readonly offset: number
  readonly bytes: Buffer
  readonly head: BlockHead
  readonly entries: readonly BlockEntry[]
  readonly cost: number
}

/**
 * Reads the messages that runs point to. A body file never changes and its name is never used again for other bytes, so
 * a block that was read once may be kept; only what is asked for is decoded.
 */
export class BlockReader {
  readonly #rows: RowReader
  readonly #bodies: BodyFiles
  /** Blocks by file and offset, the last one used last. */
  readonly #kept = new Map<string, Block>()
  /** Goes on from the last one that went: at the beginning of a map lie the holes of all that were taken out. */
  #oldest = this.#kept.entries()
  /** The one that was used last, by conversation. */
  readonly #last = new Map<string, Block>()
  #keptBytes = 0

  constructor(rows: RowReader, bodies: BodyFiles) {
    this.#rows = rows
    this.#bodies = bodies
  }

  /**
   * Messages of one run with `from` ≤ seq ≤ `to`, ascending, and no others, also if the tidy has moved them since the run
   * was read.
   */
  async read<T>(
    entry: ConversationEntry,
    run: RunPlace,
    from: number,
    to: number,
    make: Maker<T>,
  ): Promise<T[]> {
    const block = await this.#block(entry, run)
    const last = run.firstSeq + run.count - 1
    return decode(entry, block, Math.max(from, run.firstSeq), Math.min(to, last), make)
  }

  /**
   * The messages up to `to` down to `from` or the first one of the block that `to` is in, if that block is kept or ends with
   * `to`; null if it must be looked for.
   */
  upTo<T>(entry: ConversationEntry, from: number, to: number, make: Maker<T>): MaybePromise<T[]> | null {
    const kept = this.#last.get(entry.id)
    if (kept !== undefined && reaches(kept.head, to)) return decode(entry, kept, from, to, make)
    const run = this.#runNow(entry, to)
    if (run === undefined) return null
    const block = this.#blockNow(entry, run)
    return block === null ? this.read(entry, run, from, to, make) : decode(entry, block, from, to, make)
  }

  /** The row with a message, if one of the keys under which it may stand is right. */
  #runNow(entry: ConversationEntry, seq: number): RunPlace | undefined {
    const { ids } = entry
    const ends = ids?.runEnds(seq) ?? []
    for (const end of ends.length === 0 ? [seq] : ends.slice(0, triedEnds)) {
      const run = this.#rows.runNow(ownerOf(entry), entry.id, end)
      if (run === undefined || !reaches(run, seq)) continue
      if (end !== ends[0]) ids?.joinRun(run.firstSeq, end)
      return run
    }
    return undefined
  }

  #blockNow(entry: ConversationEntry, run: RunPlace): Block | null {
    const key = `${run.file} ${run.offset}`
    const kept = this.#use(entry, key)
    if (kept !== undefined) return kept
    const bytes = this.#bodies.readNow(run.file, run.offset, run.length)
    return bytes === null ? null : this.#keep(key, parse(entry, run, bytes))
  }

  #use(entry: ConversationEntry, key: string): Block | undefined {
    const kept = this.#kept.get(key)
    if (kept === undefined) return undefined
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    this.#last.set(entry.id, kept)
    return kept
  }

  /** A body file that is gone was merged into another one: the row that is there now says where the messages are. */
  async #block(entry: ConversationEntry, run: RunPlace): Promise<Block> {
    for (let at: RunPlace = run; ;) {
      const key = `${at.file} ${at.offset}`
      const kept = this.#use(entry, key)
      if (kept !== undefined) return kept
      try {
        const bytes =
          this.#bodies.readNow(at.file, at.offset, at.length) ??
          (await this.#bodies.read(at.file, at.offset, at.length))
        return this.#keep(key, parse(entry, at, bytes))
      } catch (error) {
        if (!isMissingBody(error)) throw error
        const [now] = await this.#rows.runs(ownerOf(entry), entry.id, run.firstSeq, 1)
        if (now === undefined || now.file === at.file) throw error
        at = now
      }
    }
  }

  #keep(key: string, block: Block): Block {
    // Two may have read it at the same time.
    this.#keptBytes += block.cost - (this.#kept.get(key)?.cost ?? 0)
    this.#kept.set(key, block)
    this.#last.set(block.conversation, block)
    while (this.#keptBytes > keptBytes && this.#kept.size > 0) this.#dropOldest()
    return block
  }

  #dropOldest(): void {
    const { value, done } = this.#oldest.next()
    if (done === true) {
      this.#oldest = this.#kept.entries()
      return
    }
    const [key, block] = value
    this.#kept.delete(key)
    this.#keptBytes -= block.cost
    if (this.#last.get(block.conversation) === block) this.#last.delete(block.conversation)
  }
}

function parse(entry: ConversationEntry, { file, offset, firstSeq }: RunPlace, bytes: Buffer): Block {
  try {
    const { head, entries } = readBlock(bytes)
    if (!isOf(head, entry) || head.firstSeq !== firstSeq)
      throw new ColumbaError('CORRUPT', 'a row points to the messages of another conversation')
    const cost = bytes.length + entries.length * entryBytes
    return { conversation: entry.id, file, offset, bytes, head, entries, cost }
  } catch (error) {
    throw placed(error, file, offset)
  }
}

/** Adds to an error about bytes of a body file where they lie, which the readers of the bytes do not know. */
function placed(error: unknown, file: number, offset: number): unknown {
  if (!isColumbaError(error, 'CORRUPT')) return error
  const details = { file: bodyFileName(file), offset, ...error.details }
  return new ColumbaError('CORRUPT', error.message, details, error.cause)
}

/** True if the block is of the conversation. A caller that knows the two participants need not work out its id. */
function isOf(head: BlockHead, { id, pair }: ConversationEntry): boolean {
  if (pair === null) return head.conversation === id
  return head.senders[0] === pair[0] && head.senders.at(-1) === pair[1]
}

function reaches({ firstSeq, count }: { readonly firstSeq: number; readonly count: number }, seq: number) {
  return seq >= firstSeq && seq < firstSeq + count
}

function decode<T>(entry: ConversationEntry, block: Block, from: number, to: number, make: Maker<T>): T[] {
  const { head, entries, bytes, file, offset } = block
  const made: T[] = []
  const isDirect = entry.groupPart === null
  let n0 = head.n0Before
  try {
    for (const each of entries) {
      const { seq, author } = each
      if (seq > to) break
      if (isDirect && author === 0) n0++
      if (seq < from) continue
      const sender = isDirect ? entry.pair?.[author] : (head.senders[author] as UserId | undefined)
      if (sender === undefined) throw lost(entry, seq)
      made.push(make(entry, each, sender, isDirect ? n0 : 0, bytes))
    }
  } catch (error) {
    throw placed(error, file, offset)
  }
  return made
}

/** The owner of the partition that has the runs of a conversation. */
export function ownerOf(entry: ConversationEntry): RunOwner {
  if (entry.groupPart !== null) return { kind: 'group', id: entry.id }
  return { kind: 'user', id: (entry.pair as readonly [UserId, UserId])[0] }
}

/** Seqs have no gaps, so one that is not found is damage. */
export function lost(entry: ConversationEntry, seq: number): ColumbaError {
  return new ColumbaError(
    'CORRUPT',
    `message ${seq} of a conversation is not where it must be; verify the store, restore a backup`,
    { conversation: entry.id, seq },
  )
}
