import { readBlock } from '../../formats/block.js'
import { idHashOfBody, idHashOfSender } from '../../formats/id-hash.js'
import { groupPrefix, keys, userPrefix } from '../../formats/keys.js'
import { rows } from '../../formats/rows.js'
import { directPrefix } from '../../model/direct-conversation-id.js'

/** What a merged block changes in the partition that its conversation's runs lie in; all of it or nothing. */
export interface RunSwap {
  /** The owner of the partition: the first participant, or the group. */
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

/** It follows from the block alone, so it may be written again and again. */
export function runSwap(block: Buffer, { file, offset, hashSeed }: MergedPlace): RunSwap {
  const { head, entries } = readBlock(block)
  const { conversation, firstSeq, senders, joined, count } = head
  const ofSenders = senders.map((sender) => idHashOfSender(hashSeed, sender))
  const value = rows.run.encode({
    file,
    offset,
    length: block.length,
    firstSeq,
    count,
    firstPosition: entries[0]?.position ?? 0,
    lastPosition: entries.at(-1)?.position ?? 0,
    hashes: entries.map(({ author, start, end }) =>
      idHashOfBody(ofSenders[author] as number, block, start, end),
    ),
  })
  const isDirect = conversation.startsWith(directPrefix)
  const id = isDirect ? (senders[0] as string) : conversation
  const prefix = isDirect ? userPrefix(id) : groupPrefix(id)
  return {
    id,
    key: keys.run(prefix, conversation, firstSeq + count - 1),
    value,
    gone: joined.map((seq) => keys.run(prefix, conversation, seq - 1)),
  }
}
