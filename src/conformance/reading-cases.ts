import { deepStrictEqual as same, ok, strictEqual as is } from 'node:assert/strict'
import type { GetMessagesOptions } from '../api/read-arguments.js'
import { directConversationId } from '../model/direct-conversation-id.js'
import type { Page } from '../model/page.js'
import { failsWith } from './checks.js'
import { storeCase } from './store-case.js'

const bob = { peer: 'bob' }

export const readingCases = [
  storeCase('a conversation is read from every side', async (bench) => {
    for (let index = 1; index <= 12; index += 1)
      await bench.say(index % 2 === 0 ? 'ada' : 'bob', index % 2 === 0 ? 'bob' : 'ada', `${index}`)
    const page = (options: GetMessagesOptions) => bench.texts('ada', bob, options)
    same(await page({ limit: 3 }), ['12', '11', '10'])
    same(await page({ limit: 3, offset: 4 }), ['8', '7', '6'])
    same(await page({ limit: 3, before: 3 }), ['2', '1'])
    same(await page({ limit: 3, after: 0 }), ['1', '2', '3'])
    same(await page({ limit: 3, after: 11 }), ['12'])
    same(await page({ limit: 3, around: 6 }), ['7', '6', '5'])
    same(await page({ limit: 3, offset: 50 }), [])
  }),

  storeCase(
    'a walk through a conversation gives every message once, and goes on into what is new',
    async (bench) => {
      const { store } = bench
      for (let index = 1; index <= 10; index += 1) await bench.say('ada', 'bob', `${index}`)
      const down: string[] = []
      let cursor: string | null = null
      do {
        const page = await store.getMessages('ada', bob, { limit: 3, ...(cursor === null ? {} : { cursor }) })
        down.push(...page.items.map(({ text }) => text))
        cursor = page.next
        await bench.say('bob', 'ada', 'meanwhile')
      } while (cursor !== null)
      same(
        down,
        Array.from({ length: 10 }, (_, index) => `${10 - index}`),
      )
      const up: string[] = []
      let { items, next } = await store.getMessages('ada', bob, { after: 8, limit: 4 })
      for (;;) {
        up.push(...items.map(({ text }) => text))
        if (items.length < 4) break
        ok(next !== null)
        ;({ items, next } = await store.getMessages('ada', bob, { cursor: next, limit: 4 }))
      }
      same(up.slice(0, 3), ['9', '10', 'meanwhile'])
    },
  ),

  storeCase('a direct conversation is no group, and none at all before its first message', async (bench) => {
    const { store } = bench
    const id = directConversationId('ada', 'bob')
    const asked = [
      () => store.groups.members('ada', id),
      () => store.groups.rename('ada', id, 'ours'),
      () => store.groups.addMembers('ada', id, ['cyd']),
      () => store.groups.removeMember('ada', id, 'ada'),
    ]
    // Who is blocked, or looked at, by the other one is not to see it.
    await store.contacts.block('bob', 'ada')
    is(await store.getConversation('bob', { peer: 'ada' }), null)
    for (const call of asked) await failsWith('NOT_A_MEMBER', call)
    await store.contacts.unblock('bob', 'ada')
    await bench.say('ada', 'bob', 'hello')
    await bench.settle()
    for (const call of asked) await failsWith('INVALID_ARGUMENT', call)
  }),

  storeCase('one message is read by its seq', async (bench) => {
    const { store } = bench
    await bench.say('ada', 'bob', 'one')
    is((await store.getMessage('bob', { peer: 'ada' }, 1)).text, 'one')
    await failsWith('MESSAGE_NOT_FOUND', () => store.getMessage('bob', { peer: 'ada' }, 2))
  }),

  storeCase('the list is read from its start, by places and by time', async (bench) => {
    const { store } = bench
    const times: number[] = []
    for (const name of ['a', 'b', 'c', 'd', 'b']) times.push((await bench.say('ada', name, 'hi')).timestamp)
    same(await bench.names('ada'), ['b', 'd', 'c', 'a'])
    same(await bench.names('ada', { limit: 2 }), ['b', 'd'])
    same(await bench.names('ada', { start: 1, limit: 2 }), ['d', 'c'])
    const since = times[2] ?? 0
    const recent = await store.getConversations('ada', { since })
    ok(recent.items.every(({ activityAt }) => activityAt >= since))
    same(
      ['b', 'd', 'c'].every((name) => recent.items.some(({ peer }) => peer === name)),
      true,
    )
    await bench.say('c', 'ada', 'unread')
    same(await bench.names('ada', { unreadOnly: true }), ['c'])
    await failsWith('INVALID_ARGUMENT', () => store.getConversations('ada', { limit: 5000 }))
  }),

  storeCase('a walk through a list that moves gives each conversation once', async (bench) => {
    const { store } = bench
    const names = Array.from({ length: 20 }, (_, index) => `friend ${index}`)
    for (const name of names) await bench.say('ada', name, 'hi')
    const walked: (string | undefined)[] = []
    let cursor: string | null = null
    let step = 0
    do {
      const page = await store.getConversations('ada', { limit: 3, ...(cursor === null ? {} : { cursor }) })
      walked.push(...page.items.map(({ peer }) => peer))
      cursor = page.next
      await bench.say(names[(step * 7) % 20] ?? '', 'ada', 'moves up')
      await bench.say(`stranger ${step}`, 'ada', 'new since')
      step += 1
    } while (cursor !== null)
    same(walked, names.toReversed())
  }),

  storeCase('a page with the last row is the last page, also when it is full', async (bench) => {
    const { store } = bench
    for (const name of ['a', 'b']) {
      await bench.say('ada', name, 'hi')
      await bench.say('ada', name, 'hi again')
      await store.contacts.add('ada', name)
      await store.contacts.block('ada', name)
    }
    await store.groups.create({ id: 'two', creator: 'cyd', members: ['dan'] })
    await bench.settle()
    const ofTwo: readonly ((limit: number) => Promise<Page<unknown>>)[] = [
      (limit) => store.getConversations('ada', { limit }),
      (limit) => store.getMessages('ada', { peer: 'a' }, { limit }),
      (limit) => store.contacts.list('ada', { limit }),
      (limit) => store.contacts.list('ada', { limit, blocked: true }),
      (limit) => store.groups.members('cyd', 'two', { limit }),
    ]
    for (const read of ofTwo) {
      const first = await read(1)
      is(first.items.length, 1)
      ok(first.next !== null)
      const whole = await read(2)
      is(whole.items.length, 2)
      is(whole.next, null)
    }
  }),

  storeCase('a cursor is good for its own user and question only', async (bench) => {
    const { store } = bench
    for (const name of ['a', 'b', 'c']) await bench.say('ada', name, 'hi')
    await bench.say('ada', 'a', 'hi again')
    const { next } = await store.getConversations('ada', { limit: 1 })
    const { next: older } = await store.getMessages('ada', { peer: 'a' }, { limit: 1 })
    ok(next !== null && older !== null)
    await failsWith('INVALID_ARGUMENT', () => store.getConversations('a', { limit: 1, cursor: next }))
    await failsWith('INVALID_ARGUMENT', () =>
      store.getConversations('ada', { unreadOnly: true, cursor: next }),
    )
    await failsWith('INVALID_ARGUMENT', () => store.getConversations('ada', { start: 1, cursor: next }))
    await failsWith('INVALID_ARGUMENT', () => store.getMessages('ada', { peer: 'b' }, { cursor: older }))
    await failsWith('INVALID_ARGUMENT', () => store.getMessages('a', { peer: 'ada' }, { cursor: older }))
    await failsWith('INVALID_ARGUMENT', () => store.getMessages('ada', { peer: 'a' }, { cursor: next }))
    await failsWith('INVALID_ARGUMENT', () =>
      store.getMessages('ada', { peer: 'a' }, { cursor: `${older}x` }),
    )
  }),

  storeCase('unread counts what others wrote above the read position', async (bench) => {
    const { store } = bench
    for (const text of ['1', '2', '3']) await bench.say('bob', 'ada', text)
    await bench.say('ada', 'bob', '4')
    await bench.say('bob', 'ada', '5')
    same(await store.getUnread('ada'), { total: 4, conversations: 1 })
    await store.markRead('ada', bob, 2)
    same(await store.getUnread('ada'), { total: 2, conversations: 1 })
    await store.markRead('ada', bob, 1)
    is((await store.getConversation('ada', bob))?.readSeq, 2)
    await store.markRead('ada', bob, 4)
    is((await store.getConversation('ada', bob))?.unread, 1)
    await store.markRead('ada', bob, 1_000_000)
    const row = await store.getConversation('ada', bob)
    same([row?.readSeq, row?.deliveredSeq, row?.unread], [5, 5, 0])
    await bench.say('bob', 'ada', '6')
    await store.markRead('ada', bob)
    same(await store.getUnread('ada'), { total: 0, conversations: 0 })
  }),

  storeCase('receipts say how far each has come', async (bench) => {
    const { store } = bench
    for (const text of ['1', '2', '3']) await bench.say('bob', 'ada', text)
    await store.markDelivered('ada', bob, 3)
    await store.markRead('ada', bob, 2)
    await bench.settle()
    const receipts = await store.getReceipts('bob', { peer: 'ada' })
    same(
      receipts.find(({ userId }) => userId === 'ada'),
      { userId: 'ada', deliveredSeq: 3, readSeq: 2 },
    )
  }),
]
