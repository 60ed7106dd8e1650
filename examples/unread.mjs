// Unread counts and receipts.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openMessageStore } from 'columba'

const location = await mkdtemp(join(tmpdir(), 'columba-'))
const store = await openMessageStore({ location })
try {
  for (const text of ['One', 'Two', 'Three'])
    await store.sendMessage({ sender: 'ann', receiver: 'bob', text })
  console.log('the badge:', await store.getUnread('bob'))

  // Bob's phone has all three, Bob has read the first.
  await store.markDelivered('bob', { peer: 'ann' }, 3)
  await store.markRead('bob', { peer: 'ann' }, 1)
  console.log('left to read:', (await store.getConversation('bob', { peer: 'ann' }))?.unread)
  console.log('what Ann sees:', await store.getReceipts('ann', { peer: 'bob' }))

  // Without a number everything that is there is read. Marks never go back, so calls may come late or twice.
  await store.markRead('bob', { peer: 'ann' })
  await store.markRead('bob', { peer: 'ann' }, 2)
  console.log('the badge:', await store.getUnread('bob'))
} finally {
  await store.close()
  await rm(location, { recursive: true })
}
