import type { BlockEntry, BlockHead } from '../../formats/block.js'
import { keys, numberedRange } from '../../formats/keys.js'
import type { MarksRow } from '../../formats/record-parts.js'
import {
  excerptBytes,
  rows,
  type DirectHeadRow,
  type DirectListRow,
  type RunRow,
} from '../../formats/rows.js'
import { nameOf, userPlace, type PartitionPlace } from './partition.js'
import { RunWalk, type CheckContext, type MessageVisitor, type RunSummary } from './run-walk.js'
import { damaged, type StoreSource } from './store-source.js'

type Rows = ReturnType<StoreSource['range']>

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
  readonly head: DirectHeadRow | null
  readonly marks: MarksRow | null
}

/**
 * A direct conversation, seen from the partition of one participant. The blocks are read once, for the first of the pair,
 * and what both partitions say is held against them; for the second they are read only if the first has lost its head.
 */
export class DirectCheck {
  readonly walk: RunWalk
  readonly #context: CheckContext
  readonly #conversation: string
  readonly #own: Side
  readonly #peer: Side | null
  readonly #recount: DirectRecount | null
  readonly #pair: readonly [PartitionPlace, PartitionPlace]
  readonly #peerRuns: Rows | null
  readonly #isSuspect: () => boolean
  #differ = false

  private constructor(
    context: CheckContext,
    conversation: string,
    own: Side,
    peer: Side | null,
    walks: boolean,
    isSuspect: () => boolean,
  ) {
    this.#isSuspect = isSuspect
    const otherPlace = peer?.place ?? own.place
    this.#context = context
    this.#conversation = conversation
    this.#own = own
    this.#peer = peer
    this.#pair = own.place.id <= otherPlace.id ? [own.place, otherPlace] : [otherPlace, own.place]
    const readOf = (place: PartitionPlace): number =>
      (place === own.place ? own.marks?.read : peer?.marks?.read) ?? 0
    this.#recount = walks
      ? new DirectRecount(
          [this.#pair[0].id, this.#pair[1].id],
          [readOf(this.#pair[0]), readOf(this.#pair[1])],
        )
      : null
    this.walk = new RunWalk(context, own.place, conversation, this.#recount, isSuspect)
    this.#peerRuns =
      walks && peer !== null && peer.head !== null
        ? context.source.range(peer.place.shard, numberedRange(peer.place.row, 'runs', conversation, 0))
        : null
  }

  static async begin(
    context: CheckContext,
    place: PartitionPlace,
    conversation: string,
    head: DirectHeadRow,
    isSuspect: () => boolean,
  ): Promise<DirectCheck> {
    const { source, findings } = context
    const { peer } = head
    const own = { place, head, marks: await marksOf(source, place, conversation) }
    if (peer === place.id) return new DirectCheck(context, conversation, own, null, true, isSuspect)
    const other = userPlace(peer, source.shardOf(peer))
    const otherHead = await source.get(other.shard, keys.head(other.row, conversation))
    const marks = await marksOf(source, other, conversation)
    const where = nameOf(place, `conversation ${JSON.stringify(conversation)}`)
    if (otherHead === undefined) findings.add('sides', `${where}, the other side has no head`)
    if (otherHead === undefined || otherHead === damaged)
      return new DirectCheck(context, conversation, own, { place: other, head: null, marks }, true, isSuspect)
    const decoded = rows.directHead.decode(otherHead)
    const isFirst = place.id <= peer
    if (isFirst && !sameHead(head, decoded, place.id)) findings.add('sides', `${where}, heads`)
    return new DirectCheck(
      context,
      conversation,
      own,
      { place: other, head: decoded, marks },
      isFirst,
      isSuspect,
    )
  }

  get runs(): readonly RunSummary[] {
    return this.walk.runs
  }

  async run(run: RunRow, keySeq: number, payload: Buffer): Promise<void> {
    await this.walk.add(run, keySeq)
    if (this.#peerRuns === null || this.#differ || this.#isSuspect()) return
    const next = await this.#peerRuns.next()
    if (next.done === true) this.#sidesDiffer(keySeq)
    else if (next.value[1] !== damaged && !next.value[1].equals(payload)) this.#sidesDiffer(keySeq)
  }

  async end(): Promise<void> {
    const { findings } = this.#context
    const { head, place } = this.#own
    if (this.#peerRuns !== null) {
      if (!this.#differ && (await this.#peerRuns.next()).done !== true) this.#sidesDiffer(this.walk.head + 1)
      await this.#peerRuns.return(undefined)
    }
    if (head === null || this.walk.head !== head.head) {
      findings.add('runs', `${this.#where(place)}, to ${this.walk.head} of ${head?.head ?? 0}`)
      return
    }
    const recount = this.#recount
    if (recount === null || !this.walk.whole || recount.last === null) return
    const { entry } = recount.last
    if (head.n0 !== recount.n0 || head.position !== entry.position || head.timestamp !== entry.timestamp)
      findings.add('head', this.#where(place))
    const alone = this.#peer === null || this.#peer.head === null
    for (const side of alone ? [this.#own] : [this.#own, this.#peer]) {
      await this.#list(side, recount)
      this.#marks(side, recount)
    }
  }

  close(): Promise<unknown> {
    return this.#peerRuns?.return(undefined) ?? Promise.resolve()
  }

  /** That each list has the conversation in its place is seen where the list is read; here only what the row says. */
  async #list({ place }: Side, recount: DirectRecount): Promise<void> {
    const { source, findings } = this.#context
    const { entry, bytes } = recount.last as { entry: BlockEntry; bytes: Buffer }
    const stored = await source.get(place.shard, keys.recent(place.row, entry.position, this.#conversation))
    if (stored === undefined || stored === damaged) return
    const peer = place === this.#pair[0] ? this.#pair[1] : this.#pair[0]
    const body = entry.end - entry.start > excerptBytes ? null : { bytes, start: entry.start, end: entry.end }
    const expected: DirectListRow = {
      peer: peer.id,
      head: entry.seq,
      n0: recount.n0,
      timestamp: entry.timestamp,
      second: entry.author === 1,
      body,
    }
    if (!stored.equals(rows.directList.encode(expected))) findings.add('list', this.#where(place))
  }

  #marks({ place, marks }: Side, recount: DirectRecount): void {
    if (marks === null || marks.read > this.walk.head) return
    const expected = recount.ownAtRead(place === this.#pair[0] ? 0 : 1)
    if (marks.ownAtRead !== expected) this.#context.findings.add('marks', this.#where(place))
  }

  #sidesDiffer(seq: number): void {
    this.#differ = true
    this.#context.findings.add('sides', `${this.#where(this.#own.place)}, runs from ${seq}`)
  }

  #where(place: PartitionPlace): string {
    return nameOf(place, `conversation ${JSON.stringify(this.#conversation)}`)
  }
}

async function marksOf(
  source: StoreSource,
  { shard, row }: PartitionPlace,
  conversation: string,
): Promise<MarksRow | null> {
  const stored = await source.get(shard, keys.marks(row, conversation))
  return stored === undefined || stored === damaged ? null : rows.marks.decode(stored)
}

function sameHead(own: DirectHeadRow, other: DirectHeadRow, id: string): boolean {
  return rows.directHead.encode({ ...own, peer: id }).equals(rows.directHead.encode(other))
}
