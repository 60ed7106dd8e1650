import { readBlock } from '../../formats/block.js'
import { idHash } from '../../formats/id-hash.js'
import { groupPartition, keys, userPartition } from '../../formats/keys.js'
import { readBodyId } from '../../formats/message-body.js'
import { rows } from '../../formats/rows.js'
import { directPrefix } from '../../model/direct-conversation-id.js'

/** What a merged block changes in one partition; all of it or nothing. */
export interface RunSwap {
  /** Whose partition it is. */
  readonly id: string
  readonly key: Buffer
  readonly value: Buffer
  /** Rows of the runs that the last one was joined to. */
  readonly gone: readonly Buffer[]
}

export interface MergedPlace {
  readonly file: number
  readonly offset: number
  readonly hashSeed: number
}

/**
 * The rows that follow from a merged block, one swap for each partition that its conversation lies in. They follow from
 * the block alone, so they may be written again and again.
 */
export function runSwaps(block: Buffer, { file, offset, hashSeed }: MergedPlace): RunSwap[] {
  const { head, entries } = readBlock(block)
  const { conversation, firstSeq, senders, joined, count } = head
  const value = rows.run.encode({
    file,
    offset,
    length: block.length,
    firstSeq,
    count,
    firstPosition: entries[0]?.position ?? 0,
    lastPosition: entries.at(-1)?.position ?? 0,
    hashes: entries.map(({ author, start }) =>
      idHash(hashSeed, senders[author] ?? '', readBodyId(block, start)),
    ),
  })
  const swapIn = (id: string, row: Buffer): RunSwap => ({
    id,
    key: keys.run(row, conversation, firstSeq + count - 1),
    value,
    gone: joined.map((seq) => keys.run(row, conversation, seq - 1)),
  })
  if (!conversation.startsWith(directPrefix)) return [swapIn(conversation, groupPartition(conversation))]
  return senders.map((user) => swapIn(user, userPartition(user)))
}
