// Ways through a long conversation.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { directConversationId, openMessageStore } from 'columba'

const location = await mkdtemp(join(tmpdir(), 'columba-'))
const store = await openMessageStore({ location })
const show = ({ items }) => items.map(({ seq }) => seq).join(' ')
try {
  const conversation = directConversationId('ann', 'bob')

  // A screen can open before the first message: the other user may stand for the conversation.
  console.log('not begun:', await store.getConversation('ann', { peer: 'bob' }))

  // The order is the order of the calls, so sends need not wait for each other.
  await Promise.all(
    Array.from({ length: 30 }, (_, n) =>
      store.sendMessage({ sender: 'ann', receiver: 'bob', text: `line ${n + 1}` }),
    ),
  )

  const newest = await store.getMessages('bob', conversation, { limit: 5 })
  console.log('newest:', show(newest))
  // `next` is null where there is no further page.
  if (newest.next !== null) {
    const older = await store.getMessages('bob', conversation, { limit: 5, cursor: newest.next })
    console.log('older:', show(older))
  }
  console.log('before 10:', show(await store.getMessages('bob', conversation, { limit: 5, before: 10 })))
  console.log(
    'from the beginning:',
    show(await store.getMessages('bob', conversation, { limit: 5, after: 0 })),
  )
  console.log(
    'around a search hit:',
    show(await store.getMessages('bob', conversation, { limit: 5, around: 17 })),
  )
  console.log('one:', (await store.getMessage('bob', conversation, 17)).text)
} finally {
  await store.close()
  await rm(location, { recursive: true })
}
