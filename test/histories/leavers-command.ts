import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openMessageStore } from '../../src/index.js'

// People who left a group at different messages look at it at the same time, while what they see has to be read. A process of its own:
// where they wait for each other for ever, no timer comes any more.

const location = await mkdtemp(join(tmpdir(), 'columba-leavers-'))
const store = await openMessageStore({ location })
const users = Array.from({ length: 6 }, (_, i) => `user ${i}`)
await store.groups.create({ id: 'group', creator: 'owner', members: users })
for (const [i, user] of users.entries()) {
  await store.sendMessage({ sender: 'owner', conversationId: 'group', text: user })
  if (i < 4) await store.groups.removeMember(user, 'group', user)
}
await store.sendMessage({ sender: 'owner', conversationId: 'group', text: 'last' })
for (let round = 0; round < 6; round++) {
  const seen = await Promise.all(
    users.map(async (user) =>
      round % 2 === 0
        ? store.getConversation(user, 'group')
        : (await store.getConversations(user)).items.find(({ id }) => id === 'group'),
    ),
  )
  console.log(seen.map((conversation) => conversation?.lastMessage?.text).join(', '))
  // All views are made anew, and the last message has to be read again.
  await store.groups.rename('owner', 'group', `round ${round}`)
  await store.admin.checkpoint()
}
await store.close()
await rm(location, { recursive: true })
