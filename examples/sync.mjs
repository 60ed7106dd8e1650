// A phone goes offline, comes back, and catches up: lists and pages once, then the feed.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openMessageStore } from 'columba'

const location = await mkdtemp(join(tmpdir(), 'columba-'))
const store = await openMessageStore({ location })
try {
  await store.sendMessage({ sender: 'ann', receiver: 'bob', text: 'Before' })

  // First the token, then the lists: what happens between the two comes with the feed, so nothing falls between.
  let { token } = await store.getChanges('bob')
  const list = await store.getConversations('bob')
  console.log('loaded', list.items.length, 'conversation')

  await store.sendMessage({ sender: 'ann', receiver: 'bob', text: 'While you were away' })
  await store.sendMessage({ sender: 'cyd', receiver: 'bob', text: 'Hi' })
  await store.markRead('ann', { peer: 'bob' })
  await store.contacts.add('bob', 'cyd')

  for (let hasMore = true; hasMore;) {
    const page = await store.getChanges('bob', { since: token, limit: 2 })
    for (const change of page.changes) {
      // A conversation that the phone does not know: `getConversation('bob', change.message.conversationId)` says with whom it is.
      if (change.kind === 'message') console.log('message from', change.message.sender, change.message.text)
      else if (change.kind === 'read') console.log(change.userId, 'has read up to', change.seq)
      else if (change.kind === 'contact') console.log('contact', change.contact.contactId)
      else console.log(change.kind)
    }
    // The phone keeps the token together with what it applied.
    token = page.token
    hasMore = page.hasMore
  }
} finally {
  await store.close()
  await rm(location, { recursive: true })
}
