import { deepStrictEqual as same, ok, strictEqual as is } from 'node:assert/strict'
import type { Change } from '../model/change.js'
import type { Conversation } from '../model/conversation.js'
import { failsWith } from './checks.js'
import { storeCase } from './store-case.js'

export const changeStoreCases = [
  storeCase('a token taken before a thing happened leads to it', async (bench) => {
    const { store } = bench
    const before = { ada: await bench.token('ada'), bob: await bench.token('bob') }
    same((await bench.changes('bob', before.bob)).changes, [])
    await bench.say('ada', 'bob', 'hi')
    await store.markRead('bob', { peer: 'ada' })
    await bench.settle()
    for (const user of ['ada', 'bob'] as const) {
      const { changes } = await bench.changes(user, before[user])
      same(changes.map(shortOf), ['message hi', 'read bob 1'])
    }
    const group = await bench.group('bob', 'cleo')
    await store.groups.addMembers('bob', group, ['ada'])
    await store.contacts.add('ada', 'bob')
    await store.users.register({ id: 'ada', name: 'Ada' })
    await bench.settle()
    const told = (await bench.changes('ada', before.ada)).changes.map(shortOf)
    for (const one of ['conversation A group', 'contact bob', 'profile Ada']) ok(told.includes(one), one)
  }),

  storeCase('who begins in a group is told of it as who joins later is', async (bench) => {
    const { store } = bench
    const tokens = new Map<string, string>()
    for (const user of ['ada', 'bob', 'cleo']) tokens.set(user, await bench.token(user))
    const group = await bench.group('ada', 'bob')
    await bench.settle()
    const members = async (user: string): Promise<string[]> => {
      const { changes } = await bench.changes(user, tokens.get(user) as string)
      return changes
        .filter(({ kind }) => kind === 'member')
        .map(shortOf)
        .toSorted()
    }
    for (const user of ['ada', 'bob']) same(await members(user), ['member ada joined', 'member bob joined'])
    await store.groups.addMembers('bob', group, ['cleo'])
    await bench.settle()
    same(await members('cleo'), ['member cleo joined'])
    same(await members('ada'), ['member ada joined', 'member bob joined', 'member cleo joined'])
  }),

  storeCase('a conversation in the feed is as it is when the feed is read', async (bench) => {
    const { store } = bench
    const start = await bench.token('ada')
    const group = await bench.group('ada', 'bob')
    await bench.sayIn(group, 'bob', 'one')
    await bench.sayIn(group, 'ada', 'two')
    await store.markRead('ada', group)
    await bench.sayIn(group, 'bob', 'three')
    await bench.sayIn(group, 'bob', 'four')
    await store.markDelivered('ada', group, 3)
    const other = await bench.group('bob', 'ada')
    await bench.sayIn(other, 'bob', 'seen')
    await store.groups.removeMember('ada', other, 'ada')
    await bench.sayIn(other, 'bob', 'unseen')
    await bench.settle()
    const { changes } = await bench.changes('ada', start)
    const told = new Map<string, Conversation>()
    for (const change of changes) {
      if (change.kind !== 'conversation') continue
      const { conversation } = change
      same(conversation, await store.getConversation('ada', conversation.id))
      told.set(conversation.id, conversation)
    }
    const counts = (id: string): unknown => {
      const { left, headSeq, readSeq, deliveredSeq, unread } = told.get(id) as Conversation
      return { left, headSeq, readSeq, deliveredSeq, unread }
    }
    same(counts(group), { left: false, headSeq: 4, readSeq: 2, deliveredSeq: 3, unread: 2 })
    same(counts(other), { left: true, headSeq: 1, readSeq: 0, deliveredSeq: 0, unread: 0 })
  }),

  storeCase('the feed in parts is the feed as a whole, from any place', async (bench) => {
    const { store } = bench
    const start = await bench.token('ada')
    const group = await bench.group('ada', 'bob', 'cleo')
    for (let index = 1; index <= 8; index += 1) {
      await bench.say('bob', 'ada', `direct ${index}`)
      await bench.sayIn(group, 'cleo', `group ${index}`)
      await store.markRead('ada', { peer: 'bob' })
      await store.markDelivered('bob', group, index)
    }
    await bench.settle()
    const whole = await bench.changes('ada', start)
    const messages = whole.changes.filter(({ kind }) => kind === 'message')
    is(messages.length, 16)
    is(whole.changes.filter(({ kind }) => kind === 'read').length, 1)
    for (const limit of [1, 2, 5]) same((await bench.changes('ada', start, limit)).changes, whole.changes)
    for (const index of [0, 3, 9]) {
      const { position } = whole.changes[index] as Change
      same((await bench.changes('ada', position)).changes, whole.changes.slice(index + 1))
    }
    same((await bench.changes('ada', whole.token)).changes, [])
    await failsWith('INVALID_ARGUMENT', () => store.getChanges('ada', { since: 'x' }))
  }),

  storeCase('a subscription counts from the call and gives what comes', async (bench) => {
    const { store } = bench
    await bench.say('bob', 'ada', 'before')
    const changes = store.subscribe('ada')
    await bench.say('bob', 'ada', '1')
    await bench.say('ada', 'bob', '2')
    const seen = [await changes.next(), await changes.next()].map(({ value }) => shortOf(value as Change))
    same(seen, ['message 1', 'message 2'])
    const waiting = changes.next()
    await bench.say('bob', 'ada', '3')
    is(shortOf((await waiting).value as Change), 'message 3')
    await changes.return?.()
    same(await changes.next(), { done: true, value: undefined })
  }),

  storeCase('a subscription from a token begins with what was missed', async (bench) => {
    const { store } = bench
    const token = await bench.token('ada')
    for (let index = 1; index <= 5; index += 1) await bench.say('bob', 'ada', `${index}`)
    const seen: string[] = []
    for await (const change of store.subscribe('ada', { since: token })) {
      seen.push(shortOf(change))
      if (seen.length === 5) await bench.say('bob', 'ada', 'live')
      if (seen.length === 6) break
    }
    same(seen, ['message 1', 'message 2', 'message 3', 'message 4', 'message 5', 'message live'])
  }),

  storeCase('a slow subscriber misses nothing', async (bench) => {
    const { store } = bench
    const changes = store.subscribe('ada')
    const count = 1500
    await Promise.all(
      Array.from({ length: count }, (_, index) =>
        store.sendMessage({ sender: 'bob', receiver: 'ada', text: `${index + 1}` }),
      ),
    )
    await bench.settle()
    for (let index = 1; index <= count; index += 1) {
      is(shortOf((await changes.next()).value as Change), `message ${index}`)
    }
    await changes.return?.()
  }),

  storeCase('aborting and closing end a subscription', async (bench) => {
    const { store } = bench
    const controller = new AbortController()
    const aborted = store.subscribe('ada', { signal: controller.signal })
    const waiting = aborted.next()
    controller.abort()
    is((await waiting).done, true)
    const closed = store.subscribe('ada')
    const last = closed.next()
    await store.close()
    is((await last).done, true)
    await failsWith('CLOSED', () => store.getConversations('ada'))
    await failsWith('CLOSED', () => store.sendMessage({ sender: 'ada', receiver: 'bob', text: 'x' }))
    await failsWith('CLOSED', () => store.subscribe('ada'))
    await store.close()
  }),
]

function shortOf(change: Change): string {
  switch (change.kind) {
    case 'message':
      return `message ${change.message.text}`
    case 'read':
    case 'delivered':
      return `${change.kind} ${change.userId} ${change.seq}`
    case 'conversation':
      return `conversation ${change.conversation.title ?? change.conversation.id}`
    case 'member':
      return `member ${change.userId} ${change.joined ? 'joined' : 'left'}`
    case 'contact':
      return `contact ${change.contact.contactId}`
    case 'profile':
      return `profile ${change.user.name}`
  }
}
