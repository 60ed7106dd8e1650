import { directPrefix } from '../../model/direct-conversation-id.js'
import type { SalvagedBlock } from './body-salvage.js'
import type { Facts } from './facts.js'
import { pairOf } from './row-facts.js'

/** What a block says; it counts more than what was found elsewhere of the same messages. */
export function addBlock(facts: Facts, { bytes, head, entries }: SalvagedBlock): void {
  const { conversation, senders } = head
  const [first, second = first] = senders
  if (first === undefined) return
  const isDirect = conversation.startsWith(directPrefix)
  if (isDirect) facts.add(conversation, { kind: 'pair', pair: pairOf(first, second as string) })
  let n0 = head.n0Before
  for (const { seq, position, timestamp, author, start, end } of entries) {
    const sender = senders[author]
    if (isDirect && author === 0) n0++
    const place = { seq, position, timestamp, n0: isDirect ? n0 : null }
    if (sender === undefined) facts.add(conversation, { kind: 'anchor', anchor: place })
    else facts.addMessage(conversation, { ...place, sender, body: bytes.subarray(start, end) })
  }
}
