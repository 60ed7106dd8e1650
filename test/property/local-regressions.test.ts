import { describe, expect, test } from 'vitest'
import type { CheckedStore } from '../../src/model-checking/store-under-test.js'
import { underLocal } from './stores.js'

/** Small cases that the property runs found, each as short as it could be made. */

async function reopened(
  before: (store: CheckedStore) => Promise<void>,
  after: (store: CheckedStore) => Promise<void>,
) {
  const under = underLocal()
  let store = await under.open()
  try {
    await before(store)
    store = (await under.reopen?.(store)) ?? store
    await after(store)
  } finally {
    await store.close()
    await under.destroy()
  }
}

describe('found by properties', () => {
  test('a mark on a group that is not in memory does not list it twice', async () => {
    await reopened(
      async (store) => {
        await store.groups.create({ creator: 'b', members: [], id: 'group' })
        await store.sendMessage({ sender: 'b', conversationId: 'group', text: 'one', id: '1' })
      },
      async (store) => {
        await store.markRead('b', 'group')
        const { items } = await store.getConversations('b')
        expect(items.map(({ id }) => id)).toEqual(['group'])
      },
    )
  })

  test('a stranger who asks for a direct conversation does not lift a block in it', async () => {
    await reopened(
      async (store) => {
        await store.sendMessage({ sender: 'b', receiver: 'a', text: 'one', id: '1' })
        await store.contacts.block('b', 'a')
      },
      async (store) => {
        const { items } = await store.getConversations('a')
        const [conversation] = items
        await expect(store.getMessages('stranger', conversation?.id ?? '')).rejects.toThrow('not a member')
        const sent = store.sendMessage({ sender: 'a', receiver: 'b', text: 'two', id: '2' })
        await expect(sent).rejects.toMatchObject({ code: 'BLOCKED' })
      },
    )
  })

  test('a stranger who tries to send into a direct conversation does not make its repeats new', async () => {
    let id = ''
    await reopened(
      async (store) => {
        const receipt = await store.sendMessage({ sender: 'a', receiver: 'b', text: 'one', id: '1' })
        id = receipt.conversationId
      },
      async (store) => {
        const strange = store.sendMessage({ sender: 'stranger', conversationId: id, text: 'two', id: '2' })
        await expect(strange).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
        const repeat = await store.sendMessage({ sender: 'a', conversationId: id, text: 'one', id: '1' })
        expect(repeat).toMatchObject({ seq: 1, duplicate: true })
        const other = store.sendMessage({ sender: 'a', receiver: 'b', text: 'other', id: '1' })
        await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT', details: { seq: 1 } })
      },
    )
  })
})

describe('found by histories', () => {
  /** A store in which `a` has a large group, written to first, and a direct conversation, written to since. */
  async function withLargeGroup(task: (store: CheckedStore) => Promise<void>) {
    const under = underLocal({ tuning: { fanOut: 1 } })
    const store = await under.open()
    try {
      await store.groups.create({ creator: 'b', members: ['a', 'c'], id: 'group' })
      await store.sendMessage({ sender: 'b', conversationId: 'group', text: 'one', id: '1' })
      await store.sendMessage({ sender: 'b', receiver: 'a', text: 'one', id: '1' })
      await task(store)
    } finally {
      await store.close()
      await under.destroy()
    }
  }

  /** The list is not told of it; looking at the group alone makes its part of the list new. */
  async function writeAndLook(store: CheckedStore) {
    await store.sendMessage({ sender: 'b', conversationId: 'group', text: 'two', id: '2' })
    await store.getConversation('a', 'group')
  }

  test('a list shows the message of a large group that somebody has looked at since the list before', async () => {
    await withLargeGroup(async (store) => {
      await store.getConversations('a')
      await writeAndLook(store)
      const { items } = await store.getConversations('a')
      expect(items.map(({ kind, headSeq }) => [kind, headSeq])).toEqual([
        ['group', 2],
        ['direct', 1],
      ])
    })
  })

  test('a walk finds a large group that moved up and was looked at, also right after another walk', async () => {
    await withLargeGroup(async (store) => {
      const first = await store.getConversations('a', { limit: 1 })
      const cursor = first.next as string
      await store.getConversations('a', { limit: 1, cursor })
      await writeAndLook(store)
      const { items } = await store.getConversations('a', { limit: 1, cursor })
      expect(items).toMatchObject([{ id: 'group', headSeq: 2 }])
    })
  })
})
