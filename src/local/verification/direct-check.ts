import type { BlockEntry, BlockHead } from '../../formats/block.js'
import { keys, numberedRange } from '../../formats/keys.js'
import type { DirectHead, MarksRow } from '../../formats/record-parts.js'
import { excerptBytes, rows, type DirectListRow, type RunRow } from '../../formats/rows.js'
import { conversationIn, userPlace, type PartitionPlace } from './partition.js'
import { RunWalk, summaryOf, type CheckContext, type MessageVisitor, type RunSummary } from './run-walk.js'
import { damaged, isUnreadable, readMarks, type StoreSource } from './store-source.js'

/** Counts again what heads, lists and marks say of a direct conversation. */
class DirectRecount implements MessageVisitor {
  readonly #pair: readonly [string, string]
  readonly #reads: readonly [number, number]
  /** Messages of the first participant up to each participant's read mark. */
  readonly n0AtRead: [number, number] = [0, 0]
  n0 = 0
  last: { entry: BlockEntry; bytes: Buffer } | null = null

  constructor(pair: readonly [string, string], reads: readonly [number, number]) {
    this.#pair = pair
    this.#reads = reads
  }

  block(head: BlockHead): boolean {
    const named = [...new Set(this.#pair)]
    const isNamed = head.senders.length === named.length && head.senders.every((id, i) => id === named[i])
    return head.n0Before === this.n0 && isNamed
  }

  sender(_head: BlockHead, author: number): string | undefined {
    return this.#pair[author]
  }

  message(entry: BlockEntry, bytes: Buffer): void {
    if (entry.author === 0) this.n0++
    for (const side of [0, 1] as const) if (entry.seq <= this.#reads[side]) this.n0AtRead[side] = this.n0
    this.last = { entry, bytes }
  }

  /** The own messages of a participant up to the read mark. */
  ownAtRead(side: 0 | 1): number {
    const n0 = this.n0AtRead[side]
    if (this.#pair[0] === this.#pair[1] || side === 0) return n0
    return this.#reads[side] - n0
  }
}

interface Side {
  readonly place: PartitionPlace
  readonly marks: MarksRow | null
}

/**
 * A direct conversation, from the partition of its first participant, which its head and runs lie in. The blocks are read,
 * and what both partitions say is held against them.
 */
export class DirectCheck {
  readonly walk: RunWalk
  readonly #context: CheckContext
  readonly #conversation: string
  readonly #head: DirectHead
  /** One of notes to oneself. */
  readonly #sides: readonly [Side, Side?]
  readonly #recount: DirectRecount

  private constructor(
    context: CheckContext,
    conversation: string,
    head: DirectHead,
    sides: readonly [Side, Side?],
    isSuspect: () => boolean,
  ) {
    this.#context = context
    this.#conversation = conversation
    this.#head = head
    this.#sides = sides
    const { 0: first, 1: second = first } = sides
    this.#recount = new DirectRecount(
      [first.place.id, second.place.id],
      [first.marks?.read ?? 0, second.marks?.read ?? 0],
    )
    this.walk = new RunWalk(context, first.place, conversation, this.#recount, isSuspect)
  }

  static async begin(
    context: CheckContext,
    place: PartitionPlace,
    conversation: string,
    peer: string,
    head: DirectHead,
    isSuspect: () => boolean,
  ): Promise<DirectCheck> {
    const { source } = context
    const own = { place, marks: await marksAt(source, place, conversation) }
    if (peer === place.id) return new DirectCheck(context, conversation, head, [own], isSuspect)
    const other = userPlace(peer, source.shardOf(peer))
    const theirs = { place: other, marks: await marksAt(source, other, conversation) }
    return new DirectCheck(context, conversation, head, [own, theirs], isSuspect)
  }

  run(run: RunRow, keySeq: number): Promise<void> {
    return this.walk.add(run, keySeq)
  }

  async end(): Promise<void> {
    const { findings } = this.#context
    const { head, n0, position, timestamp } = this.#head
    const { place } = this.#sides[0]
    if (this.walk.head !== head) {
      findings.add('runs', `${conversationIn(place, this.#conversation)}, to ${this.walk.head} of ${head}`)
      return
    }
    const recount = this.#recount
    if (!this.walk.whole || recount.last === null) return
    const { entry } = recount.last
    if (n0 !== recount.n0 || position !== entry.position || timestamp !== entry.timestamp)
      findings.add('head', conversationIn(place, this.#conversation))
    for (const side of [0, 1] as const) {
      if (this.#sides[side] === undefined) continue
      await this.#list(side)
      this.#marks(side)
    }
  }

  /** That each list has the conversation in its place is seen where the list is read; here only what the row says. */
  async #list(side: 0 | 1): Promise<void> {
    const { source, findings } = this.#context
    const { place } = this.#sides[side] as Side
    const { entry, bytes } = this.#recount.last as { entry: BlockEntry; bytes: Buffer }
    const stored = await source.get(
      place.shard,
      keys.recent(place.prefix, entry.position, this.#conversation),
    )
    if (stored === undefined || stored === damaged) return
    const peer = this.#sides[1 - side] ?? this.#sides[0]
    const body = entry.end - entry.start > excerptBytes ? null : { bytes, start: entry.start, end: entry.end }
    const expected: DirectListRow = {
      peer: peer.place.id,
      head: entry.seq,
      n0: this.#recount.n0,
      timestamp: entry.timestamp,
      second: entry.author === 1,
      body,
    }
    if (!stored.equals(rows.directList.encode(expected)))
      findings.add('list', conversationIn(place, this.#conversation))
  }

  #marks(side: 0 | 1): void {
    const { place, marks } = this.#sides[side] as Side
    if (marks === null || marks.read > this.walk.head) return
    if (marks.ownAtRead !== this.#recount.ownAtRead(side))
      this.#context.findings.add('marks', conversationIn(place, this.#conversation))
  }
}

/** Whether the second participant's partition says that there is the conversation whose head lies at `place`. */
export async function seekSecondSide(
  { source, findings }: CheckContext,
  place: PartitionPlace,
  conversation: string,
  second: string,
): Promise<void> {
  const { shard, prefix } = userPlace(second, source.shardOf(second))
  if ((await source.get(shard, keys.head(prefix, conversation))) === undefined)
    findings.add('sides', `${conversationIn(place, conversation)}, the other side does not know of it`)
}

/** What the first participant's partition says of a conversation; null if it cannot be read. */
export interface FirstSide {
  readonly head: DirectHead
  readonly runs: readonly RunSummary[]
}

/**
 * Head and runs of a direct conversation for its second participant, at `place`. They are checked with the first one's
 * partition; here only whether they are there.
 */
export async function readFirstSide(
  { source, findings }: CheckContext,
  place: PartitionPlace,
  conversation: string,
  first: string,
): Promise<FirstSide | null> {
  const { shard, prefix } = userPlace(first, source.shardOf(first))
  const stored = await source.get(shard, keys.head(prefix, conversation))
  if (stored === damaged) return null
  try {
    const found = stored === undefined ? null : rows.directHead.decode(stored)
    if (found?.peer !== place.id || found.head === null) {
      findings.add('sides', `${conversationIn(place, conversation)}, the other side has no head`)
      return null
    }
    const runs: RunSummary[] = []
    for await (const [, payload] of source.range(shard, numberedRange(prefix, 'runs', conversation, 0))) {
      if (payload === damaged) return null
      runs.push(summaryOf(rows.run.decode(payload)))
    }
    return { head: found.head, runs }
  } catch (error) {
    if (isUnreadable(error)) return null
    throw error
  }
}

async function marksAt(
  source: StoreSource,
  { id }: PartitionPlace,
  conversation: string,
): Promise<MarksRow | null> {
  const marks = await readMarks(source, id, conversation)
  return marks === undefined || marks === damaged ? null : marks
}
