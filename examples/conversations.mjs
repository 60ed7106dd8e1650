// The list of conversations: for a desktop, for endless scrolling, for a phone that was away.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openMessageStore } from 'columba'

const location = await mkdtemp(join(tmpdir(), 'columba-'))
const store = await openMessageStore({ location })
const show = ({ items }) => items.map(({ peer, unread }) => `${peer} (${unread})`).join(', ')
try {
  for (const friend of ['bob', 'cyd', 'dan', 'eve', 'fay']) {
    await store.sendMessage({ sender: friend, receiver: 'ann', text: `${friend} was here` })
  }

  console.log('first page:', show(await store.getConversations('ann', { limit: 2 })))
  console.log('from the third on:', show(await store.getConversations('ann', { limit: 2, start: 2 })))

  // A cursor keeps the order of the first page, even while the list moves: each conversation comes exactly once.
  let cursor
  do {
    const page = await store.getConversations('ann', { limit: 2, cursor })
    console.log('walk:', show(page))
    await store.sendMessage({ sender: 'bob', receiver: 'ann', text: 'Me again' })
    cursor = page.next ?? undefined
  } while (cursor !== undefined)

  // What has been active since the newest that the phone has seen, that moment included. (By a clock of its own it could miss some.)
  const [newest] = (await store.getConversations('ann', { limit: 1 })).items
  console.log('since then:', show(await store.getConversations('ann', { since: newest.activityAt })))
  console.log('unread only:', show(await store.getConversations('ann', { unreadOnly: true })))
} finally {
  await store.close()
  await rm(location, { recursive: true })
}
