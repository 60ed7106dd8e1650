import { expect, test } from 'vitest'
import { foundingMembership } from '../../../src/formats/record-parts.js'
import { rebuildDirect } from '../../../src/local/repair/direct-rebuild.js'
import { Facts, type ConversationFact, type ConversationFacts } from '../../../src/local/repair/facts.js'
import { rebuildGroup } from '../../../src/local/repair/group-rebuild.js'
import { lostBody } from '../../../src/local/repair/lost-body.js'
import { RepairNotes } from '../../../src/local/repair/repair-notes.js'
import { Replay } from '../../../src/local/repair/replay.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'
import { MemoryRows } from '../../fixtures/memory-rows.js'

const MiB = 1024 * 1024

/** Facts that nobody had to put: as many messages of 64 KiB as are asked for, behind the others. */
async function* factsOf(
  state: readonly ConversationFact[],
  messages: number,
): AsyncGenerator<ConversationFact> {
  yield* state
  const body = Buffer.concat([lostBody('ann', 1), Buffer.alloc(64 * 1024, 0x61)])
  for (let seq = 1; seq <= messages; seq++)
    yield {
      kind: 'message',
      message: { seq, position: 200_000 + seq, timestamp: seq, sender: 'ann', n0: seq, body },
    }
}

/** Most that was put and not settled while a conversation was made anew. */
async function mostUnsettled(
  id: string,
  facts: AsyncGenerator<ConversationFact>,
  rebuild: (found: ConversationFacts, facts: Facts, replay: Replay) => Promise<void>,
): Promise<number> {
  const rows = new MemoryRows()
  const scratch = new Facts(rows)
  await rebuild({ id, facts }, scratch, new Replay(scratch))
  expect(rows.unsettled).toBeLessThan(8 * MiB)
  return rows.mostUnsettled
}

test('a long conversation does not wait in memory until it has been made anew', async () => {
  const id = directConversationId('ann', 'ben')
  const direct = factsOf([{ kind: 'pair', pair: ['ann', 'ben'] }], 400)
  const most = await mostUnsettled(id, direct, (found, _, replay) =>
    rebuildDirect(found, replay, new RepairNotes()),
  )
  expect(most).toBeGreaterThan(2 * MiB)
  expect(most).toBeLessThan(8 * MiB)
  const group = await mostUnsettled('group', factsOf([], 400), (found, facts, replay) =>
    rebuildGroup(found, facts, replay, new RepairNotes(), { fanOut: 3 }),
  )
  expect(group).toBeLessThan(8 * MiB)
})

test('neither do the members of a large group, and their marks', async () => {
  const state: ConversationFact[] = []
  for (let i = 1; i <= 60_000; i++) {
    const user = `user ${i} ${'x'.repeat(100)}`
    const marks = { read: 1, readAt: 300_000 + i, ownAtRead: 0, delivered: 1, deliveredAt: 0 }
    state.push({ kind: 'membership', membership: foundingMembership(user, i, i, 1) })
    state.push({ kind: 'marks', user, marks })
  }
  const most = await mostUnsettled('group', factsOf(state, 1), (found, facts, replay) =>
    rebuildGroup(found, facts, replay, new RepairNotes(), { fanOut: 3 }),
  )
  expect(most).toBeGreaterThan(2 * MiB)
  expect(most).toBeLessThan(8 * MiB)
})
