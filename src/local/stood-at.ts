import type { MembershipRow } from '../formats/record-parts.js'
import type { Position, UserId } from '../model/ids.js'
import type { Loader } from './reads/loader.js'
import type { ConversationEntry } from './memory/entries.js'
import { ownerOf } from './reads/block-reader.js'
import type { MessageReader } from './reads/message-reader.js'
import { sees } from './views/participation-view.js'
import type { RowReader } from './reads/row-reader.js'

const runsPerBatch = 64

/**
 * Where a conversation stood in a user's list at a moment of the past: the position of the last message at or before it
 * that the user may see, or of the user's last joining until then if that came later; null if it was not in the list.
 */
export async function stoodAt(
  parts: { readonly loader: Loader; readonly rows: RowReader; readonly messages: MessageReader },
  user: UserId,
  entry: ConversationEntry,
  asOf: Position,
): Promise<Position | null> {
  await parts.loader.load(entry, user)
  let membership: MembershipRow | null = null
  if (entry.groupPart !== null) {
    membership = await parts.loader.membership(user, entry)
    if (membership === null) return null
  }
  const message = await newestMessage(parts, entry, asOf, membership)
  const position = Math.max(message, lastJoining(membership, asOf))
  return position === 0 ? null : (position as Position)
}

/**
 * The last joining at or before `asOf`; 0 if there is none. Before a member left and came back, an earlier joining placed the
 * conversation.
 */
function lastJoining(membership: MembershipRow | null, asOf: number): number {
  if (membership === null) return 0
  if (membership.joined <= asOf) return membership.joined
  return membership.joinedBefore.findLast((position) => position <= asOf) ?? 0
}

async function newestMessage(
  parts: { readonly rows: RowReader; readonly messages: MessageReader },
  entry: ConversationEntry,
  asOf: number,
  membership: MembershipRow | null,
): Promise<number> {
  const isSeen = (seq: number): boolean => membership === null || sees(membership, seq)
  let stored = entry.durableHead
  for (let touched = entry.touched; touched !== null; touched = touched.older) {
    // One that is flushed and only kept by a reader may lack what came after it: the shards have all of it.
    if (touched.generation.flushed) continue
    for (let seq = touched.lastSeq; seq >= touched.firstSeq; seq--) {
      const position = touched.position(seq)
      if (position <= asOf && isSeen(seq)) return position
    }
    if (touched.count > 0) stored = touched.firstSeq - 1
  }
  while (stored > 0) {
    const runs = await parts.rows.runs(ownerOf(entry), entry.id, stored, runsPerBatch)
    for (const run of runs) {
      stored = run.firstSeq - 1
      if (run.firstPosition > asOf) continue
      const found = (await parts.messages.block(entry, run)).findLast(
        ({ position, seq }) => position <= asOf && isSeen(seq),
      )
      if (found !== undefined) return found.position
    }
    if (runs.length === 0) return 0
  }
  return 0
}
