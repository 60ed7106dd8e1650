// A group: joining, leaving, what each member sees.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isColumbaError, openMessageStore } from 'columba'

const location = await mkdtemp(join(tmpdir(), 'columba-'))
const store = await openMessageStore({ location })
const show = ({ items }) => items.map(({ text }) => text).join(', ')
try {
  const { id } = await store.groups.create({
    creator: 'ann',
    title: 'Hiking',
    members: ['bob'],
    id: 'hiking-2024',
  })
  await store.sendMessage({ sender: 'ann', conversationId: id, text: 'Sunday?' })

  // History is visible from joining on.
  await store.groups.addMembers('bob', id, ['cyd'])
  await store.sendMessage({ sender: 'bob', conversationId: id, text: 'Count me in' })
  console.log('bob sees:', show(await store.getMessages('bob', id)))
  console.log('cyd sees:', show(await store.getMessages('cyd', id)))

  // Who leaves keeps what was visible, and no more.
  await store.groups.removeMember('bob', id, 'bob')
  await store.sendMessage({ sender: 'ann', conversationId: id, text: 'Without Bob then' })
  const frozen = await store.getConversation('bob', id)
  console.log('bob:', { left: frozen?.left, unread: frozen?.unread })
  console.log('bob still sees:', show(await store.getMessages('bob', id)))
  try {
    await store.sendMessage({ sender: 'bob', conversationId: id, text: 'Wait!' })
  } catch (error) {
    if (!isColumbaError(error, 'NOT_A_MEMBER')) throw error
    console.log('bob cannot send:', error.code)
  }

  // Who has been in longest follows an owner who leaves, and may remove others.
  await store.groups.rename('cyd', id, 'Hiking, maybe')
  const { creator, owner } = await store.groups.removeMember('ann', id, 'ann')
  console.log('made by', creator, 'and owned by', owner)
  const { items } = await store.groups.members('cyd', id)
  console.log('members:', items.map(({ userId }) => userId).join(', '))
} finally {
  await store.close()
  await rm(location, { recursive: true })
}
