import { BlockWriter, readBlock, type BlockHead } from '../../formats/block.js'
import { directPrefix } from '../../model/direct-conversation-id.js'

/** A block with this many messages, or bytes of them, is large enough: a page is one or two of these. */
const enoughMessages = 48
const enoughBytes = 24 * 1024

/** No block is made larger than this by joining; one that came larger stays as it is. */
const mostMessages = 128
const mostBytes = 64 * 1024

/**
 * Joins neighbouring blocks of a conversation into larger ones. Blocks come in the order of conversations and, within
 * one, of seqs; what is done comes out in the same order. Bodies are copied untouched.
 */
export class Joiner {
  readonly #writer = new BlockWriter()
  #first: BlockHead | null = null
  #nextSeq = 0
  #senders = new Map<string, number>()
  #joined: number[] = []

  /** Takes the next block; returns the one before if it is complete. */
  add(block: Buffer): Buffer | null {
    const { head, entries } = readBlock(block)
    const done = this.#takes(head, block.length) ? null : this.end()
    if (this.#first === null) this.#first = head
    else this.#joined.push(head.firstSeq)
    const authors = head.senders.map((sender) => this.#author(sender))
    for (const { position, timestamp, author, start, end } of entries)
      this.#writer.add(position, timestamp, authors[author] as number, block, start, end)
    this.#nextSeq = head.firstSeq + head.count
    return done
  }

  /** The last block; null if there is none. */
  end(): Buffer | null {
    const first = this.#first
    if (first === null) return null
    const { conversation, firstSeq, n0Before } = first
    const block = this.#writer.finish(
      conversation.startsWith(directPrefix) ? null : conversation,
      firstSeq,
      n0Before,
      [...this.#senders.keys()],
      this.#joined,
    )
    this.#first = null
    this.#senders = new Map()
    this.#joined = []
    return block
  }

  /** Whether a block is to become part of the one that is being made. */
  #takes({ conversation, firstSeq, count }: BlockHead, bytes: number): boolean {
    if (this.#first === null) return true
    if (this.#first.conversation !== conversation || this.#nextSeq !== firstSeq) return false
    const { count: messages, bytes: length } = this.#writer
    if (messages >= enoughMessages || length >= enoughBytes) return false
    return messages + count <= mostMessages && length + bytes <= mostBytes
  }

  #author(sender: string): number {
    let author = this.#senders.get(sender)
    if (author === undefined) this.#senders.set(sender, (author = this.#senders.size))
    return author
  }
}
