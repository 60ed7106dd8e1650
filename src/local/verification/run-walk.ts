import type { BlockEntry, BlockHead } from '../../formats/block.js'
import { cutOf } from '../../formats/body-file.js'
import { idHash } from '../../formats/id-hash.js'
import { checkBody } from '../../formats/message-body.js'
import type { RunRow } from '../../formats/rows.js'
import type { BodyCheck } from './body-check.js'
import type { Findings } from './findings.js'
import { conversationIn, type PartitionPlace } from './partition.js'
import type { StoreSource } from './store-source.js'

export interface CheckContext {
  readonly source: StoreSource
  readonly findings: Findings
  readonly bodies: BodyCheck
}

/** Sees the messages of a conversation in order. */
export interface MessageVisitor {
  /** A new block; false if it does not go on from the one before. */
  block(head: BlockHead): boolean
  sender(head: BlockHead, author: number): string | undefined
  message(entry: BlockEntry, bytes: Buffer, sender: string): void
}

/** What the feed needs to know of a run. */
export interface RunSummary {
  readonly firstSeq: number
  readonly lastSeq: number
  readonly firstPosition: number
  readonly lastPosition: number
}

export function summaryOf({ firstSeq, count, firstPosition, lastPosition }: RunRow): RunSummary {
  return { firstSeq, lastSeq: firstSeq + count - 1, firstPosition, lastPosition }
}

/** Follows the runs of one conversation and reads their blocks. */
export class RunWalk {
  readonly runs: RunSummary[] = []
  /** The last seq so far. */
  head = 0
  /** Nothing was missing or unreadable: what the visitor has seen is the whole conversation. */
  whole = true
  readonly #context: CheckContext
  readonly #where: string
  readonly #conversation: string
  readonly #visitor: MessageVisitor
  /** A run was damaged: that something is missing is known already. */
  readonly #isSuspect: () => boolean
  #position = 0
  #timestamp = 0

  constructor(
    context: CheckContext,
    place: PartitionPlace,
    conversation: string,
    visitor: MessageVisitor,
    isSuspect: () => boolean,
  ) {
    this.#isSuspect = isSuspect
    this.#context = context
    this.#conversation = conversation
    this.#visitor = visitor
    this.#where = conversationIn(place, conversation)
  }

  async add(run: RunRow, keySeq: number): Promise<void> {
    const { findings, bodies, source } = this.#context
    const { firstSeq, count, firstPosition, lastPosition, file, hashes } = run
    const lastSeq = firstSeq + count - 1
    if (firstSeq !== this.head + 1 || keySeq !== lastSeq || count === 0) {
      if (!this.#isSuspect())
        findings.add('runs', `${this.#where}, a run from ${firstSeq} behind ${this.head}`)
      this.whole = false
    }
    const inOrder = firstPosition > this.#position && lastPosition <= Math.min(cutOf(file), source.position)
    const inFile = firstPosition > bodies.cutBefore(file)
    if (!inOrder || !inFile || hashes.length !== count)
      findings.add('runs', `${this.#where}, positions of the run from ${firstSeq}`)
    this.head = Math.max(this.head, lastSeq)
    this.#position = Math.max(this.#position, lastPosition)
    this.runs.push(summaryOf(run))
    if (!(await this.#read(run))) this.whole = false
  }

  /** Holds a run against its block. False if the messages could not be seen. */
  async #read(run: RunRow): Promise<boolean> {
    const { findings, bodies } = this.#context
    const block = await bodies.read(run)
    if (block === null) return false
    const { head, entries, bytes } = block
    const fits =
      head.conversation === this.#conversation &&
      head.firstSeq === run.firstSeq &&
      (head.joined.at(-1) ?? 0) < run.firstSeq + run.count &&
      entries.length === run.count &&
      entries[0]?.position === run.firstPosition &&
      entries.at(-1)?.position === run.lastPosition
    if (!fits) {
      findings.add('runBlock', `${this.#where}, run from ${run.firstSeq}`)
      return false
    }
    if (!this.#visitor.block(head) && this.whole)
      findings.add('runBlock', `${this.#where}, count before ${run.firstSeq}`)
    for (const [index, entry] of entries.entries()) this.#message(entry, bytes, head, run.hashes[index])
    findings.count('messages', entries.length)
    return true
  }

  #message(entry: BlockEntry, bytes: Buffer, head: BlockHead, hash: number | undefined): void {
    const { findings, source } = this.#context
    const where = `${this.#where}, seq ${entry.seq}`
    const sender = this.#visitor.sender(head, entry.author)
    if (sender === undefined || entry.timestamp < this.#timestamp) {
      findings.add('block', where)
      this.whole = false
      return
    }
    this.#timestamp = entry.timestamp
    if (entry.timestamp > source.lastTimestamp) findings.add('time', where)
    let id: string
    try {
      id = checkBody(bytes, entry.start, entry.end).id
    } catch {
      findings.add('block', where)
      this.whole = false
      return
    }
    if (idHash(source.hashSeed, sender, id) !== hash) findings.add('hash', where)
    this.#visitor.message(entry, bytes, sender)
  }
}
