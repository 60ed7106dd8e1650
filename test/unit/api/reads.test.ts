import { describe, expect, test } from 'vitest'
import type { MessageStore } from '../../../src/api/message-store.js'
import { referenceStore } from '../../fixtures/reference-store.js'

const ada = 'ada'
const bob = 'bob'

async function filled(count: number): Promise<MessageStore> {
  const store = referenceStore()
  for (let seq = 1; seq <= count; seq += 1) {
    await store.sendMessage({
      sender: seq % 3 === 0 ? ada : bob,
      receiver: seq % 3 === 0 ? bob : ada,
      text: `${seq}`,
    })
  }
  return store
}

const seqs = async (page: ReturnType<MessageStore['getMessages']>) => (await page).items.map(({ seq }) => seq)

describe('a page of a conversation', () => {
  test('is the newest by default, and walks by cursor to the beginning', async () => {
    const store = await filled(7)
    const walked: number[][] = []
    let cursor: string | undefined
    do {
      const page = await store.getMessages(ada, { peer: bob }, { limit: 3, cursor })
      walked.push(page.items.map(({ seq }) => seq))
      cursor = page.next ?? undefined
    } while (cursor !== undefined)
    expect(walked).toEqual([[7, 6, 5], [4, 3, 2], [1]])
  })

  test('is the same object until something changes', async () => {
    const store = await filled(3)
    const first = await store.getMessages(ada, { peer: bob })
    expect((await store.getMessages(ada, { peer: bob })).items).toEqual(first.items)
    expect(Object.isFrozen(first) && Object.isFrozen(first.items) && Object.isFrozen(first.items[0])).toBe(
      true,
    )
    await store.sendMessage({ sender: ada, receiver: bob, text: 'new' })
    expect((await store.getMessages(ada, { peer: bob })).items).toHaveLength(4)
  })

  test.each([
    [{ limit: 2, offset: 3 }, [4, 3]],
    [{ limit: 2, offset: 7 }, []],
    [{ limit: 2, before: 3 }, [2, 1]],
    [{ limit: 2, before: 1 }, []],
    [{ limit: 3, before: 100 }, [7, 6, 5]],
    [{ limit: 2, after: 0 }, [1, 2]],
    [{ limit: 3, after: 5 }, [6, 7]],
    [{ limit: 2, after: 7 }, []],
    [{ limit: 3, around: 4 }, [5, 4, 3]],
    [{ limit: 4, around: 4 }, [5, 4, 3, 2]],
    [{ limit: 1, around: 4 }, [4]],
    [{ limit: 3, around: 7 }, [7, 6, 5]],
    [{ limit: 3, around: 1 }, [3, 2, 1]],
    [{ limit: 3, around: 50 }, [7, 6, 5]],
  ])('%j', async (options, expected) => {
    const store = await filled(7)
    expect(await seqs(store.getMessages(ada, { peer: bob }, options))).toEqual(expected)
  })

  test('ascending goes on into what is new', async () => {
    const store = await filled(3)
    const page = await store.getMessages(ada, { peer: bob }, { after: 0, limit: 2 })
    await store.sendMessage({ sender: ada, receiver: bob, text: 'new' })
    const next = await store.getMessages(ada, { peer: bob }, { cursor: page.next ?? '', limit: 2 })
    expect(next.items.map(({ seq }) => seq)).toEqual([3, 4])
    expect(next.next).toBeNull()
  })

  test('has a cursor that belongs to its user and conversation', async () => {
    const store = await filled(7)
    await store.sendMessage({ sender: ada, receiver: 'eve', text: 'x' })
    const cursor = (await store.getMessages(ada, { peer: bob }, { limit: 3 })).next ?? ''
    const read = (user: string, peer: string, text: string) =>
      store.getMessages(user, { peer }, { cursor: text })
    for (const call of [
      read(bob, ada, cursor),
      read(ada, 'eve', cursor),
      read(ada, 'nobody', cursor),
      read(ada, bob, `${cursor}x`),
      read(ada, bob, cursor.replace(/.$/, '!')),
      store.getConversations(ada, { cursor }),
    ]) {
      await expect(call).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', details: { field: 'cursor' } })
    }
  })

  test('is only for those who may see the conversation', async () => {
    const store = await filled(1)
    const [conversation] = (await store.getConversations(ada)).items
    const id = conversation?.id ?? ''
    await expect(store.getMessages('eve', id)).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
    await expect(store.getMessages('eve', 'nowhere')).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
    await expect(store.getConversation('eve', id)).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
    await expect(store.getMessage('eve', id, 1)).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
    await expect(store.getConversation('eve', { peer: ada })).resolves.toBeNull()
    await expect(store.getMessage(ada, id, 2)).rejects.toMatchObject({ code: 'MESSAGE_NOT_FOUND' })
  })

  test('of a group shows what was said while the user was in', async () => {
    const store = referenceStore()
    const { id } = await store.groups.create({ creator: ada, members: [] })
    const say = (text: string) => store.sendMessage({ sender: ada, conversationId: id, text })
    await say('1')
    await store.groups.addMembers(ada, id, [bob])
    await say('2')
    await say('3')
    await store.groups.removeMember(ada, id, bob)
    await say('4')
    expect(await store.getConversation(bob, id)).toMatchObject({ left: true, unread: 0, headSeq: 3 })
    expect(await seqs(store.getMessages(bob, id))).toEqual([3, 2])
    await store.groups.addMembers(ada, id, [bob])
    await say('5')
    expect(await seqs(store.getMessages(bob, id))).toEqual([5, 3, 2])
    expect(await seqs(store.getMessages(bob, id, { after: 0 }))).toEqual([2, 3, 5])
    expect(await seqs(store.getMessages(bob, id, { offset: 1, limit: 1 }))).toEqual([3])
    expect(await seqs(store.getMessages(bob, id, { around: 3, limit: 3 }))).toEqual([5, 3, 2])
    expect(await seqs(store.getMessages(bob, id, { before: 5, limit: 1 }))).toEqual([3])
    await expect(store.getMessage(bob, id, 4)).rejects.toMatchObject({ code: 'MESSAGE_NOT_FOUND' })
    expect(await store.getConversation(bob, id)).toMatchObject({ left: false, unread: 1, headSeq: 5 })
  })
})

describe('marks', () => {
  test('rise, clamp, and never go back', async () => {
    const store = await filled(5)
    const marks = async () => {
      const { readSeq, deliveredSeq, unread } = (await store.getConversation(ada, { peer: bob })) ?? {}
      return [readSeq, deliveredSeq, unread]
    }
    expect(await marks()).toEqual([0, 0, 4])
    await store.markDelivered(ada, { peer: bob }, 4)
    expect(await marks()).toEqual([0, 4, 4])
    await store.markRead(ada, { peer: bob }, 3)
    expect(await marks()).toEqual([3, 4, 2])
    await store.markRead(ada, { peer: bob }, 1)
    expect(await marks()).toEqual([3, 4, 2])
    await store.markRead(ada, { peer: bob }, 1000)
    expect(await marks()).toEqual([5, 5, 0])
    expect(await store.getReceipts(bob, { peer: ada })).toEqual([
      { userId: bob, deliveredSeq: 0, readSeq: 0 },
      { userId: ada, deliveredSeq: 5, readSeq: 5 },
    ])
    await store.markRead(bob, { peer: ada })
    expect(await store.getUnread(bob)).toEqual({ total: 0, conversations: 0 })
  })

  test('of a burst come out as the largest, both kinds told', async () => {
    const store = await filled(9)
    const { token } = await store.getChanges(bob)
    await Promise.all([
      ...[1, 2, 3, 4, 5].map((seq) => store.markRead(ada, { peer: bob }, seq)),
      ...[6, 9, 7].map((seq) => store.markDelivered(ada, { peer: bob }, seq)),
    ])
    expect(await store.getConversation(ada, { peer: bob })).toMatchObject({ readSeq: 5, deliveredSeq: 9 })
    const { changes } = await store.getChanges(bob, { since: token })
    expect(changes.map((change) => [change.kind, 'seq' in change ? change.seq : null])).toEqual(
      expect.arrayContaining([
        ['delivered', 9],
        ['read', 5],
      ]),
    )
  })

  test('change nothing for one who left, and where nothing has begun', async () => {
    const store = referenceStore()
    await store.markRead(ada, { peer: bob })
    await expect(store.markRead(ada, 'nowhere')).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
    const { id } = await store.groups.create({ creator: ada, members: [bob] })
    await store.sendMessage({ sender: ada, conversationId: id, text: 'x' })
    await store.groups.removeMember(bob, id, bob)
    await store.markRead(bob, id)
    expect(await store.getConversation(bob, id)).toMatchObject({ readSeq: 0, unread: 0 })
    expect(await store.getReceipts(bob, id)).toEqual([])
    expect(await store.getReceipts(ada, id)).toEqual([{ userId: ada, deliveredSeq: 0, readSeq: 0 }])
  })
})
