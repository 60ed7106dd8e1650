import { expect, test } from 'vitest'
import { keys, userPrefix } from '../../src/formats/keys.js'
import { directConversationId } from '../../src/model/direct-conversation-id.js'
import { closeGate, openGate } from '../fixtures/gated-shards.js'
import { openGated } from './gated-store.js'

const conversationId = directConversationId('a', 'b')
const variant = { tuning: { readsNow: false } }
const headOf = (user: string): Buffer => keys.head(userPrefix(user), conversationId)

/** What can happen without the gate, has. */
async function meanwhile(work: Promise<unknown>): Promise<void> {
  await Promise.race([work, new Promise((resolve) => setTimeout(resolve, 100))]).catch(() => undefined)
}

test('a conversation that begins while its second participant looks for it by its id is not what the look finds', async () => {
  const gate = openGate()
  const store = await openGated(gate, variant)
  const { read, open } = closeGate(gate)
  gate.at = { key: headOf('b'), before: true }
  const looking = store.getMessages('b', conversationId).catch(() => undefined)
  await read
  gate.at = 'nothing'
  const sent = store.sendMessage({ sender: 'a', receiver: 'b', text: 'one' })
  await meanwhile(sent)
  await store.admin.checkpoint()
  const blocked = store.contacts.block('a', 'b')
  await meanwhile(blocked)
  open()
  await Promise.all([looking, sent, blocked])
  const refused = store.sendMessage({ sender: 'b', receiver: 'a', text: 'two' })
  await expect(refused).rejects.toMatchObject({ code: 'BLOCKED' })
})

test.each(['a', 'b'])(
  'a conversation that has lost the head row of %s does not begin anew while they look for it by its id',
  async (who) => {
    const gate = openGate()
    const store = await openGated(gate, variant, (first) =>
      first.sendMessage({ sender: 'a', receiver: 'b', text: 'one' }),
    )
    const { read, open } = closeGate(gate)
    gate.lost = headOf(who)
    gate.at = { key: headOf(who) }
    const looking = store.getMessages(who, conversationId).catch(() => undefined)
    await read
    gate.at = 'nothing'
    const other = who === 'a' ? 'b' : 'a'
    const sent = store.sendMessage({ sender: other, receiver: who, text: 'two' })
    await meanwhile(sent)
    open()
    await looking
    if (who === 'a') await expect(sent).rejects.toMatchObject({ code: 'CORRUPT' })
    else await expect(sent).resolves.toMatchObject({ seq: 2 })
  },
)
