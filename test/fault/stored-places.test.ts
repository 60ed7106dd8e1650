import { expect, test } from 'vitest'
import { openCrashStore, variantNamed } from '../crash/crash-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const variant = variantNamed('as it comes')

test('a conversation that moves up in one generation after the other has one place in the stored list, the last', async () => {
  const location = await temporaryDirectory()
  const users = ['ann', 'bob', 'cid']
  let store = await openCrashStore({ location, variant })
  for (const id of ['red', 'blue'])
    await store.groups.create({ creator: 'ann', members: ['bob', 'cid'], id, title: id })
  await store.admin.checkpoint()
  // What follows is about groups and pairs that this generation knows nothing of.
  const order = ['red', 'bob', 'blue', 'bob', 'red', 'cid', 'blue', 'red', 'red', 'bob', 'blue']
  for (const [n, to] of order.entries()) {
    const message = { sender: 'ann', id: String(n), text: `${n}` }
    if (users.includes(to)) await store.sendMessage({ ...message, receiver: to })
    else await store.sendMessage({ ...message, conversationId: to })
    await store.admin.checkpoint()
    if (n % 3 === 0) continue
    await store.close()
    store = await openCrashStore({ location, variant })
    const talks = [...new Set([...order.slice(0, n + 1).toReversed(), 'blue', 'red'])]
    for (const user of users) {
      const { items } = await store.getConversations(user)
      const mine = talks
        .filter((talk) => user === 'ann' || talk === user || !users.includes(talk))
        .map((talk) => (talk === user ? 'ann' : talk))
      expect(
        items.map(({ peer, id }) => peer ?? id),
        `${user} after ${n}`,
      ).toEqual(mine)
    }
    expect((await store.admin.verify()).findings).toEqual([])
  }
  await store.close()
})
