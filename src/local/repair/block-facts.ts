import { directConversationId, directPrefix } from '../../model/direct-conversation-id.js'
import type { SalvagedBlock } from './body-salvage.js'
import type { Facts, MessageFact } from './facts.js'
import { pairOf } from './row-facts.js'

/** What a block in its place says; it counts more than what was found elsewhere of the same messages. */
export function addBlock(facts: Facts, block: SalvagedBlock): void {
  const { conversation, senders } = block.head
  const [first, second = first] = senders
  if (first === undefined) return
  if (conversation.startsWith(directPrefix))
    facts.add(conversation, { kind: 'pair', pair: pairOf(first, second as string) })
  for (const { sender, body, ...place } of messagesIn(block)) {
    if (sender === undefined) facts.add(conversation, { kind: 'anchor', anchor: place })
    else facts.addMessage(conversation, { ...place, sender, body })
  }
}

/**
 * Of a block that is not in its place: takes the messages of which nothing else tells. `latest` is the latest time that anything
 * else tells of. Returns how many were taken.
 */
export async function addDoubtfulBlock(facts: Facts, block: SalvagedBlock, latest: number): Promise<number> {
  const { conversation, senders } = block.head
  const [first, second = first] = senders
  const isDirect = conversation.startsWith(directPrefix)
  if (first === undefined || second === undefined) return 0
  if (isDirect && (senders.length > 2 || directConversationId(first, second) !== conversation)) return 0
  const messages: MessageFact[] = []
  for (const { sender, ...message } of messagesIn(block))
    if (sender !== undefined) messages.push({ ...message, sender })
  const taken = await facts.addMissing(conversation, messages, latest)
  if (taken > 0 && isDirect) facts.add(conversation, { kind: 'pair', pair: pairOf(first, second) })
  return taken
}

/** `sender` is undefined where the block does not name who wrote it. */
function* messagesIn({
  bytes,
  head,
  entries,
}: SalvagedBlock): Generator<Omit<MessageFact, 'sender'> & { readonly sender: string | undefined }> {
  const { conversation, senders, n0Before } = head
  const isDirect = conversation.startsWith(directPrefix)
  let n0 = n0Before
  for (const { seq, position, timestamp, author, start, end } of entries) {
    if (isDirect && author === 0) n0++
    const body = bytes.subarray(start, end)
    yield { seq, position, timestamp, n0: isDirect ? n0 : null, sender: senders[author], body }
  }
}
